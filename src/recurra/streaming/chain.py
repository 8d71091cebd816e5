"""Layers one after another: whether they go together, and what the engine makes of them."""

from collections.abc import Sequence

from recurra.errors import ConfigError
from recurra.streaming.embedding import Embedding
from recurra.streaming.layer import Layer, Operation


def input_size_of(layers: Sequence[Layer]) -> int | None:
    """How many features the layers take; None for any number.

    Raises:
        ConfigError: There are no layers, or one is no layer.
    """
    if not layers:
        raise ConfigError("no layers", "at least one", "Give a layer.")
    for number, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise ConfigError(
                f"layer {number} is a {type(layer).__module__}.{type(layer).__name__}",
                "a layer of recurra.streaming, such as LSTM",
                "Make one of its weights.",
            )
    return next((layer.input_size for layer in layers if layer.input_size is not None), None)


def output_sizes(layers: Sequence[Layer], input_size: int) -> list[int]:
    """How many features each layer gives.

    Raises:
        ConfigError: A layer takes another number of features than the one before gives, or an embedding is
            not the first layer.
    """
    sizes = []
    size = input_size
    for number, layer in enumerate(layers):
        if isinstance(layer, Embedding) and number > 0:
            raise ConfigError(
                f"an embedding as layer {number}", "one as the first layer, or none", "Put it first."
            )
        if layer.input_size is not None and layer.input_size != size:
            raise ConfigError(
                f"layer {number} ({layer.kind}) takes {layer.input_size} features and gets {size}",
                "as many as the layer before gives",
                "Check the order of the layers.",
            )
        size = size if layer.output_size is None else layer.output_size
        sizes.append(size)
    return sizes


def lower(layers: Sequence[Layer], input_size: int) -> list[Operation]:
    """What the engine does for all layers."""
    sizes = [input_size, *output_sizes(layers, input_size)]
    return [
        operation for size, layer in zip(sizes, layers, strict=False) for operation in layer.operations(size)
    ]

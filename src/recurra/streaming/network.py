"""The layers of a program taken together: what they take, give and remember, and which network they are."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from recurra.errors import ConfigError
from recurra.streaming.chain import input_size_of, lower, output_sizes
from recurra.streaming.embedding import Embedding
from recurra.streaming.layer import Array, Layer, Operation, settings_of, tensors_of
from recurra.streaming.residual import Residual
from recurra.streaming.state import StateLayout


class Network:
    """Layers that go together.

    Args:
        layers: From the input to the output.

    Attributes:
        layers: The layers.
        input_size: How many features a step takes; 1 where it takes an id.
        output_size: How many features a step gives.
        vocabulary: How many ids there are; None where steps take features.
        state: The parts of a session's state.

    Raises:
        ConfigError: There are no layers, one is no layer, or they do not go together.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        size = input_size_of(self.layers)
        if size is None:
            raise ConfigError(
                "layers that take any number of features",
                "a layer that says how many",
                "Begin with Scaling, of mean 0 and scale 1.",
            )
        self.input_size = size
        self.output_size = output_sizes(self.layers, size)[-1]
        first = self.layers[0]
        self.vocabulary = first.vocabulary if isinstance(first, Embedding) else None
        self.state = StateLayout({
            f"{number}.{name}": numbers
            for number, layer in enumerate(self.layers)
            for name, numbers in layer.state_sizes().items()
        })  # fmt: skip

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the layers and their weights, in hexadecimal."""
        digest = hashlib.sha256(json.dumps(self.description(), sort_keys=True).encode())
        for name, array in sorted(self.tensors().items()):
            digest.update(f"{name} {array.shape}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def description(self) -> list[dict[str, Any]]:
        """The layers and their settings, as JSON says them."""
        return [_described(layer) for layer in self.layers]

    def tensors(self) -> dict[str, Array]:
        """All weights, named after their layer's number and their field: "1.weight_ih"."""
        return {
            f"{place}.{name}": array
            for place, layer in _walk(self.layers, "")
            for name, array in tensors_of(layer).items()
        }

    def operations(self) -> list[Operation]:
        """What the engine does."""
        return lower(self.layers, self.input_size)


def _walk(layers: Sequence[Layer], prefix: str) -> Iterator[tuple[str, Layer]]:
    """All layers and their places, those within residual connections too."""
    for number, layer in enumerate(layers):
        yield f"{prefix}{number}", layer
        if isinstance(layer, Residual):
            yield from _walk(layer.layers, f"{prefix}{number}.")


def _described(layer: Layer) -> dict[str, Any]:
    settings = settings_of(layer)
    if isinstance(layer, Residual):
        settings["layers"] = [_described(inner) for inner in layer.layers]
    return {"kind": layer.kind, **settings}

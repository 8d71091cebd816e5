"""A connection around some layers."""

from dataclasses import dataclass
from typing import ClassVar

from recurra.errors import ConfigError
from recurra.streaming.chain import input_size_of, lower, output_sizes
from recurra.streaming.embedding import Embedding
from recurra.streaming.layer import Layer, Operation

DEEPEST = 16
"""So many connections may lie within each other."""


@dataclass(frozen=True, eq=False, repr=False)
class Residual(Layer):
    """y = x + layers(x).

    Args:
        layers: What the connection goes around; they give as many features as they take.

    Raises:
        ConfigError: There are no layers, one is no layer or an embedding, their sizes do not go together, or
            connections lie within each other too deeply.
    """

    kind: ClassVar[str] = "residual"
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        size = input_size_of(self.layers)
        if any(isinstance(layer, Embedding) for layer in self.layers):
            raise ConfigError(
                "an embedding within a residual connection",
                "features to add",
                "Put it before the connection.",
            )
        last = output_sizes(self.layers, size or 1)[-1]
        if size is not None and last != size:
            raise ConfigError(
                f"a residual connection around layers of {size} features in and {last} out",
                "as many out as in",
                "Add an affine layer that makes them equal.",
            )
        if depth(self) > DEEPEST:
            raise ConfigError(
                f"{depth(self)} residual connections within each other", f"at most {DEEPEST}", "Use fewer."
            )

    @property
    def input_size(self) -> int | None:
        """Of the layers."""
        return input_size_of(self.layers)

    @property
    def output_size(self) -> int | None:
        """As many."""
        return self.input_size

    def state_sizes(self) -> dict[str, int]:
        """Every layer's, its number before the name."""
        return {
            f"{number}.{name}": size
            for number, layer in enumerate(self.layers)
            for name, size in layer.state_sizes().items()
        }

    def operations(self, input_size: int) -> list[Operation]:
        """The layers' between putting the input aside and adding it."""
        sizes = {"inputs": input_size, "outputs": input_size}
        return [{"kind": "keep", **sizes}, *lower(self.layers, input_size), {"kind": "add_kept", **sizes}]


def depth(layer: Layer) -> int:
    """How many residual connections lie within each other."""
    return 1 + max(map(depth, layer.layers)) if isinstance(layer, Residual) else 0

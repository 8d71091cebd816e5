"""The affine map."""

from dataclasses import dataclass
from typing import ClassVar

from recurra.streaming.layer import Array, Layer, Operation, Shapes, freeze_weights, present


@dataclass(frozen=True, eq=False, repr=False)
class Affine(Layer):
    """y = W x + b, as `torch.nn.Linear`.

    Args:
        weight: (outputs, features).
        bias: (outputs); None for none.

    Raises:
        ShapeError: A weight is no float32 array of that shape.
        DataError: A weight is NaN or infinite.
    """

    kind: ClassVar[str] = "affine"
    shapes: ClassVar[Shapes] = {
        "weight": ("outputs", "features"),
        "bias": ("outputs",),
    }
    weight: Array
    bias: Array | None = None

    def __post_init__(self) -> None:
        freeze_weights(self)

    @property
    def input_size(self) -> int:
        """Features."""
        return int(self.weight.shape[1])

    @property
    def output_size(self) -> int:
        """Outputs."""
        return int(self.weight.shape[0])

    def state_sizes(self) -> dict[str, int]:
        """None."""
        return {}

    def operations(self, input_size: int) -> list[Operation]:
        """One product."""
        sizes = {"inputs": input_size, "outputs": self.output_size}
        return [{"kind": "affine", **sizes, "weight_ih": self.weight, **present({"bias": self.bias})}]

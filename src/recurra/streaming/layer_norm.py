"""Layer normalisation."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.streaming.layer import Array, Layer, Operation, Shapes, check_positive, freeze_weights, present


@dataclass(frozen=True, eq=False, repr=False)
class LayerNorm(Layer):
    """y = weight (x - mean(x)) / sqrt(var(x) + epsilon) + bias, as `torch.nn.LayerNorm` over the features.

    Args:
        weight: (size).
        bias: (size); None for none.
        epsilon: Added to the variance.

    Raises:
        ShapeError: A weight is no float32 array of that shape.
        DataError: A weight is NaN or infinite.
        ConfigError: A setting is none of its values.
    """

    kind: ClassVar[str] = "layer_norm"
    shapes: ClassVar[Shapes] = {
        "weight": ("size",),
        "bias": ("size",),
    }
    weight: Array
    bias: Array | None = None
    epsilon: float = field(default=1e-5, kw_only=True)

    def __post_init__(self) -> None:
        freeze_weights(self)
        check_positive("epsilon", self.epsilon)

    @property
    def input_size(self) -> int:
        """Features."""
        return int(self.weight.shape[0])

    @property
    def output_size(self) -> int:
        """As many."""
        return self.input_size

    def state_sizes(self) -> dict[str, int]:
        """None."""
        return {}

    def operations(self, input_size: int) -> list[Operation]:
        """One normalisation."""
        sizes = {"inputs": input_size, "outputs": input_size, "epsilon": float(self.epsilon)}
        return [{"kind": "layer_norm", **sizes, "gain": self.weight, **present({"bias": self.bias})}]

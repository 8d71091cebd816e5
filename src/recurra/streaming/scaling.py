"""From the units of the data to the network's, and back."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.errors import DataError
from recurra.streaming.layer import Array, Layer, Operation, Shapes, check_flag, freeze_weights

SMALLEST_SCALE = 1e-30  # below it the quotient of ordinary numbers is infinite


@dataclass(frozen=True, eq=False, repr=False)
class Scaling(Layer):
    """y = (x - mean) / scale for each feature.

    Args:
        mean: (size).
        scale: (size), positive.
        inverse: Whether to go back instead: y = scale x + mean.

    Raises:
        ShapeError: Mean or scale is no float32 array of that shape.
        DataError: One is NaN or infinite, or a scale is not positive.
        ConfigError: `inverse` is neither true nor false.
    """

    kind: ClassVar[str] = "scaling"
    shapes: ClassVar[Shapes] = {
        "mean": ("size",),
        "scale": ("size",),
    }
    mean: Array
    scale: Array
    inverse: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        freeze_weights(self)
        if self.scale.min() < SMALLEST_SCALE:
            raise DataError(
                f"Scaling.scale of {self.scale.min():g}",
                f"at least {SMALLEST_SCALE:g}",
                "Give a feature that never changes a scale of 1.",
            )
        check_flag("inverse", self.inverse)

    @property
    def input_size(self) -> int:
        """Features."""
        return int(self.mean.shape[0])

    @property
    def output_size(self) -> int:
        """As many."""
        return self.input_size

    def state_sizes(self) -> dict[str, int]:
        """None."""
        return {}

    def operations(self, input_size: int) -> list[Operation]:
        """One scaling."""
        sizes = {"inputs": input_size, "outputs": input_size, "variant": self.inverse}
        return [{"kind": "scaling", **sizes, "gain": self.scale, "bias": self.mean}]

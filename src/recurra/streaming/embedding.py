"""A row of learnt numbers for every id."""

from dataclasses import dataclass
from typing import ClassVar

from recurra.streaming.layer import Array, Layer, Operation, Shapes, freeze_weights


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Layer):
    """Looks up an id. It is the first layer of a program, which then takes whole numbers instead of features.

    Args:
        weight: (vocabulary, size). It stays float32 whatever the type of the other weights.

    Raises:
        ShapeError: The weight is no float32 array of that shape.
        DataError: A weight is NaN or infinite.
    """

    kind: ClassVar[str] = "embedding"
    shapes: ClassVar[Shapes] = {
        "weight": ("vocabulary", "size"),
    }
    weight: Array

    def __post_init__(self) -> None:
        freeze_weights(self)

    @property
    def vocabulary(self) -> int:
        """How many ids there are."""
        return int(self.weight.shape[0])

    @property
    def input_size(self) -> int:
        """One id."""
        return 1

    @property
    def output_size(self) -> int:
        """The size of a row."""
        return int(self.weight.shape[1])

    def state_sizes(self) -> dict[str, int]:
        """None."""
        return {}

    def operations(self, input_size: int) -> list[Operation]:
        """One look-up."""
        return [
            {
                "kind": "embedding",
                "inputs": input_size,
                "outputs": self.output_size,
                "vocabulary": self.vocabulary,
                "weight_ih": self.weight,
            }
        ]

"""The simple recurrent net."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.streaming.layer import (
    Array,
    Operation,
    Shapes,
    added,
    check_choice,
    check_rate,
    freeze_weights,
    present,
)
from recurra.streaming.recurrent import RecurrentLayer

NONLINEARITIES = ("tanh", "relu", "linear")


@dataclass(frozen=True, eq=False, repr=False)
class Elman(RecurrentLayer):
    """h' = φ(W x + b_W + U h + b_U): `recurra.cells.Elman`, step by step. The output is h'.

    Args:
        weight_ih: W, (hidden, features).
        weight_hh: U, (hidden, hidden).
        bias_ih: (hidden); None for none.
        bias_hh: (hidden); None for none.
        nonlinearity: φ, "tanh", "relu", or "linear" for none.
        zoneout_hidden: The share of the old state in the new one: rate h + (1 - rate) h'.

    Raises:
        ShapeError: A weight is no float32 array of that shape.
        DataError: A weight is NaN or infinite.
        ConfigError: A setting is none of its values.
    """

    kind: ClassVar[str] = "elman"
    shapes: ClassVar[Shapes] = {
        "weight_ih": ("hidden", "features"),
        "weight_hh": ("hidden", "hidden"),
        "bias_ih": ("hidden",),
        "bias_hh": ("hidden",),
    }
    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    nonlinearity: str = field(default="tanh", kw_only=True)
    zoneout_hidden: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        freeze_weights(self)
        check_choice("nonlinearity", self.nonlinearity, NONLINEARITIES)
        check_rate("zoneout_hidden", self.zoneout_hidden)

    def operations(self, input_size: int) -> list[Operation]:
        """One step."""
        operation = self.step("elman", input_size, function=self.nonlinearity)
        return [operation | present({"bias": added(self.bias_ih, self.bias_hh)})]

"""The long short-term memory."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.errors import ShapeError
from recurra.streaming.layer import (
    Array,
    Operation,
    Shapes,
    added,
    check_rate,
    freeze_weights,
    present,
)
from recurra.streaming.recurrent import RecurrentLayer


@dataclass(frozen=True, eq=False, repr=False)
class LSTM(RecurrentLayer):
    """`recurra.cells.LSTM`, step by step: its equations, its weights, gates in the order i f g o.

    Args:
        weight_ih: W, (4*hidden, features).
        weight_hh: U, (4*hidden, outputs).
        bias_ih: (4*hidden); None for none.
        bias_hh: (4*hidden); None for none.
        weight_hr: The projection P, (outputs, hidden); None for outputs = hidden.
        weight_peephole: p, (3*hidden): of the input, forget and output gate; None for none.
        zoneout_hidden: The share of the old hidden state in the new one.
        zoneout_cell: The same of the cell.

    Raises:
        ShapeError: A weight is no float32 array of that shape.
        DataError: A weight is NaN or infinite.
        ConfigError: A setting is none of its values.
    """

    kind: ClassVar[str] = "lstm"
    shapes: ClassVar[Shapes] = {
        "weight_ih": ("4 hidden", "features"),
        "weight_hh": ("4 hidden", "outputs"),
        "bias_ih": ("4 hidden",),
        "bias_hh": ("4 hidden",),
        "weight_hr": ("outputs", "hidden"),
        "weight_peephole": ("3 hidden",),
    }
    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    weight_hr: Array | None = None
    weight_peephole: Array | None = None
    zoneout_hidden: float = field(default=0.0, kw_only=True)
    zoneout_cell: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        sizes = freeze_weights(self)
        if self.weight_hr is None and sizes["outputs"] != sizes["hidden"]:
            raise ShapeError(
                f"LSTM.weight_hh of shape {self.weight_hh.shape} without a projection",
                f"({4 * sizes['hidden']}, {sizes['hidden']})",
                "Give weight_hr, or a square recurrence.",
            )
        check_rate("zoneout_hidden", self.zoneout_hidden)
        check_rate("zoneout_cell", self.zoneout_cell)

    @property
    def hidden_size(self) -> int:
        """Memory cells."""
        return int(self.weight_ih.shape[0]) // 4

    def state_sizes(self) -> dict[str, int]:
        """The hidden state and the cell."""
        return {"hidden": self.output_size, "cell": self.hidden_size}

    def operations(self, input_size: int) -> list[Operation]:
        """One step."""
        operation = self.step(
            "lstm", input_size, hidden=self.hidden_size, zoneout_cell=float(self.zoneout_cell)
        )
        others = {
            "bias": added(self.bias_ih, self.bias_hh),
            "projection": self.weight_hr,
            "peepholes": self.weight_peephole,
        }
        return [operation | present(others)]

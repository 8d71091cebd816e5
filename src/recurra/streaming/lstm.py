"""The long short-term memory."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.errors import ShapeError
from recurra.streaming.layer import (
    Array,
    Layer,
    Operation,
    Shapes,
    added,
    check_rate,
    freeze_weights,
    present,
)


@dataclass(frozen=True, eq=False, repr=False)
class LSTM(Layer):
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

    @property
    def input_size(self) -> int:
        """Features."""
        return int(self.weight_ih.shape[1])

    @property
    def output_size(self) -> int:
        """Hidden units, or the projection's outputs."""
        return int(self.weight_hh.shape[1])

    def state_sizes(self) -> dict[str, int]:
        """The hidden state and the cell."""
        return {"hidden": self.output_size, "cell": self.hidden_size}

    def operations(self, input_size: int) -> list[Operation]:
        """One step."""
        operation = {
            "kind": "lstm",
            "inputs": input_size,
            "outputs": self.output_size,
            "hidden": self.hidden_size,
            "zoneout_hidden": float(self.zoneout_hidden),
            "zoneout_cell": float(self.zoneout_cell),
            "weight_ih": self.weight_ih,
            "weight_hh": self.weight_hh,
        }
        others = {
            "bias": added(self.bias_ih, self.bias_hh),
            "projection": self.weight_hr,
            "peepholes": self.weight_peephole,
        }
        return [operation | present(others)]

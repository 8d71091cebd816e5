"""The long short-term memory with layer normalisation."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.streaming.layer import (
    Array,
    Operation,
    Shapes,
    check_positive,
    check_rate,
    freeze_weights,
)
from recurra.streaming.recurrent import RecurrentLayer


@dataclass(frozen=True, eq=False, repr=False)
class LayerNormLSTM(RecurrentLayer):
    """`recurra.cells.LayerNormLSTM`, step by step: its equations, its weights, gates in the order i f g o.

    Args:
        weight_ih: W, (4*hidden, features).
        weight_hh: U, (4*hidden, hidden).
        bias: (4*hidden).
        gain_ih: Of W x, (4*hidden).
        gain_hh: Of U h, (4*hidden).
        gain_cell: Of the cell, (hidden).
        bias_cell: Of the cell, (hidden).
        epsilon: Added to every variance.
        zoneout_hidden: The share of the old hidden state in the new one.
        zoneout_cell: The same of the cell.

    Raises:
        ShapeError: A weight is no float32 array of that shape.
        DataError: A weight is NaN or infinite.
        ConfigError: A setting is none of its values.
    """

    kind: ClassVar[str] = "layer_norm_lstm"
    shapes: ClassVar[Shapes] = {
        "weight_ih": ("4 hidden", "features"),
        "weight_hh": ("4 hidden", "hidden"),
        "bias": ("4 hidden",),
        "gain_ih": ("4 hidden",),
        "gain_hh": ("4 hidden",),
        "gain_cell": ("hidden",),
        "bias_cell": ("hidden",),
    }
    weight_ih: Array
    weight_hh: Array
    bias: Array
    gain_ih: Array
    gain_hh: Array
    gain_cell: Array
    bias_cell: Array
    epsilon: float = field(default=1e-5, kw_only=True)
    zoneout_hidden: float = field(default=0.0, kw_only=True)
    zoneout_cell: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        freeze_weights(self)
        check_positive("epsilon", self.epsilon)
        check_rate("zoneout_hidden", self.zoneout_hidden)
        check_rate("zoneout_cell", self.zoneout_cell)

    def state_sizes(self) -> dict[str, int]:
        """The hidden state and the cell."""
        return {"hidden": self.output_size, "cell": self.output_size}

    def operations(self, input_size: int) -> list[Operation]:
        """One step."""
        operation = self.step(
            "layer_norm_lstm",
            input_size,
            epsilon=float(self.epsilon),
            zoneout_cell=float(self.zoneout_cell),
            bias=self.bias,
            gain=self.gain_ih,
            gain_hh=self.gain_hh,
            gain_cell=self.gain_cell,
            bias_cell=self.bias_cell,
        )
        return [operation]

"""The gated recurrent unit."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from recurra.streaming.layer import (
    Array,
    Operation,
    Shapes,
    added,
    check_flag,
    check_rate,
    freeze_weights,
    present,
)
from recurra.streaming.recurrent import RecurrentLayer


@dataclass(frozen=True, eq=False, repr=False)
class GRU(RecurrentLayer):
    """`recurra.cells.GRU`, step by step: its equations, its weights, gates in the order r z n.

    Args:
        weight_ih: W, (3*hidden, features).
        weight_hh: U, (3*hidden, hidden).
        bias_ih: b, (3*hidden); None for none.
        bias_hh: d, (3*hidden); None for none.
        reset_after: Whether the reset gate acts after the recurrent product, as in torch.
        zoneout_hidden: The share of the old state in the new one.

    Raises:
        ShapeError: A weight is no float32 array of that shape.
        DataError: A weight is NaN or infinite.
        ConfigError: A setting is none of its values.
    """

    kind: ClassVar[str] = "gru"
    shapes: ClassVar[Shapes] = {
        "weight_ih": ("3 hidden", "features"),
        "weight_hh": ("3 hidden", "hidden"),
        "bias_ih": ("3 hidden",),
        "bias_hh": ("3 hidden",),
    }
    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    reset_after: bool = field(default=True, kw_only=True)
    zoneout_hidden: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        freeze_weights(self)
        check_flag("reset_after", self.reset_after)
        check_rate("zoneout_hidden", self.zoneout_hidden)

    def operations(self, input_size: int) -> list[Operation]:
        """One step."""
        operation = self.step("gru" if self.reset_after else "gru_reset_before", input_size)
        return [operation | present(self._biases())]

    def _biases(self) -> dict[str, Array | None]:
        """Both added up, but for the part that the reset gate scales."""
        if not self.reset_after or self.bias_hh is None:
            return {"bias": added(self.bias_ih, self.bias_hh)}
        gates, candidate = np.split(self.bias_hh, [2 * self.output_size])
        outside = np.concatenate([gates, np.zeros_like(candidate)])
        return {"bias": added(self.bias_ih, outside), "second_bias": candidate}

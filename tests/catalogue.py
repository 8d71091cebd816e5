"""All cells. A new one inherits every invariant by one row here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from recurra.cells import GRU, LSTM, Cell, Elman, LayerNormLSTM, Zoneout


@dataclass(frozen=True)
class Row:
    """A cell to be tried.

    Args:
        name: What the test is called.
        make: From input_size and hidden_size to a cell.
        backends: Those that compute it.
        learning_rate: The one with which it learns the small task.
        condition: How many times the usual rounding error its equations have in float32. Normalising four
            units divides by what may be small: the reference is then up to 2e-5 off its float64 self.
        linear: Whether its outputs are sums of its inputs, so that it learns no product.
    """

    name: str
    make: Callable[[int, int], Cell[Any]]
    backends: tuple[str, ...] = ("reference",)
    learning_rate: float = 0.02
    condition: float = 1.0
    linear: bool = False

    def __str__(self) -> str:
        return self.name


def peephole_lstm(input_size: int, hidden_size: int) -> LSTM:
    """One whose peepholes matter: they start at zero."""
    cell = LSTM(input_size, hidden_size, peepholes=True)
    assert cell.weight_peephole is not None
    torch.nn.init.uniform_(cell.weight_peephole, -1, 1)
    return cell


def layer_norm_lstm(input_size: int, hidden_size: int) -> LayerNormLSTM:
    """One whose epsilon keeps the scale of a normalisation below ten.

    With the default, four units that happen to be alike are scaled up a hundredfold, and float32 with them.
    """
    return LayerNormLSTM(input_size, hidden_size, epsilon=0.01)


WITHOUT_TORCH = ("reference", "native")
ALL = ("reference", "torch", "native")

CELLS = (
    Row("elman", Elman, ALL),
    Row("elman_relu", lambda i, h: Elman(i, h, nonlinearity="relu"), ALL),
    Row("elman_linear", lambda i, h: Elman(i, h, nonlinearity="linear"), WITHOUT_TORCH, linear=True),
    Row("elman_orthogonal", lambda i, h: Elman(i, h, nonlinearity="relu", orthogonal=True), ALL),
    Row("elman_without_bias", lambda i, h: Elman(i, h, bias=False), ALL),
    Row("lstm", LSTM, ALL),
    Row("lstm_without_bias", lambda i, h: LSTM(i, h, bias=False), ALL),
    Row("lstm_projected", lambda i, h: LSTM(i, h + 2, proj_size=h), WITHOUT_TORCH),
    Row("lstm_peepholes", peephole_lstm, WITHOUT_TORCH),
    Row("gru", GRU, ALL),
    Row("gru_without_bias", lambda i, h: GRU(i, h, bias=False), ALL),
    Row("gru_reset_before", lambda i, h: GRU(i, h, reset_after=False), WITHOUT_TORCH),
    Row("layer_norm_lstm", layer_norm_lstm, WITHOUT_TORCH, condition=10.0),
    Row("zoneout_lstm", lambda i, h: Zoneout(LSTM(i, h), {"hidden": 0.1, "cell": 0.3}), WITHOUT_TORCH),
    Row("zoneout_gru", lambda i, h: Zoneout(GRU(i, h), 0.2), WITHOUT_TORCH),
    Row("zoneout_projected_lstm", lambda i, h: Zoneout(LSTM(i, h + 2, proj_size=h), 0.2), WITHOUT_TORCH),
    Row(
        "zoneout_layer_norm_lstm",
        lambda i, h: Zoneout(layer_norm_lstm(i, h), 0.2),
        WITHOUT_TORCH,
        condition=10.0,
    ),
)

every_cell = pytest.mark.parametrize("row", CELLS, ids=str)
every_backend = pytest.mark.parametrize(
    ("row", "backend"), [(row, name) for row in CELLS for name in row.backends], ids=str
)

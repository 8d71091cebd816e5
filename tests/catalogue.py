"""All cells. A new one inherits every invariant by one row here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from recurra.cells import GRU, LSTM, Cell, Elman, LayerNormLSTM, Zoneout


@dataclass(frozen=True)
class Row:
    """A cell to be tried.

    Args:
        name: What the test is called.
        make: From input_size and hidden_size to a cell.
        backends: Those that compute it.
        learning_rate: The one with which it learns the small task.
    """

    name: str
    make: Callable[[int, int], Cell[Any]]
    backends: tuple[str, ...] = ("reference",)
    learning_rate: float = 0.02

    def __str__(self) -> str:
        return self.name


BOTH = ("reference", "torch")

CELLS = (
    Row("elman", Elman, BOTH),
    Row("elman_relu", lambda i, h: Elman(i, h, nonlinearity="relu"), BOTH),
    Row("elman_without_bias", lambda i, h: Elman(i, h, bias=False), BOTH),
    Row("lstm", LSTM, BOTH),
    Row("lstm_without_bias", lambda i, h: LSTM(i, h, bias=False), BOTH),
    Row("lstm_projected", lambda i, h: LSTM(i, h + 2, proj_size=h)),
    Row("gru", GRU, BOTH),
    Row("gru_without_bias", lambda i, h: GRU(i, h, bias=False), BOTH),
    Row("gru_reset_before", lambda i, h: GRU(i, h, reset_after=False)),
    Row("layer_norm_lstm", LayerNormLSTM),
    Row("zoneout_lstm", lambda i, h: Zoneout(LSTM(i, h), {"hidden": 0.1, "cell": 0.3})),
    Row("zoneout_gru", lambda i, h: Zoneout(GRU(i, h), 0.2)),
)

every_cell = pytest.mark.parametrize("row", CELLS, ids=str)
every_backend = pytest.mark.parametrize(
    ("row", "backend"), [(row, name) for row in CELLS for name in row.backends], ids=str
)

"""Cells by name."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, cast

import torch

from recurra.cells.cell import Cell
from recurra.cells.elman import Elman
from recurra.cells.gru import GRU
from recurra.cells.initialization import Initialization
from recurra.cells.layer_norm_lstm import LayerNormLSTM
from recurra.cells.lstm import LSTM
from recurra.cells.zoneout import Zoneout
from recurra.errors import ConfigError

CELLS: Mapping[str, Callable[..., Cell[Any]]] = MappingProxyType({
    "elman": Elman,
    "elman_relu": partial(Elman, nonlinearity="relu"),
    "elman_linear": partial(Elman, nonlinearity="linear"),
    "lstm": LSTM,
    "gru": GRU,
    "gru_reset_before": partial(GRU, reset_after=False),
    "layer_norm_lstm": LayerNormLSTM,
})  # fmt: skip

_LABELS: Mapping[str, str] = MappingProxyType({
    "elman": "Elman",
    "elman_relu": "Elman (ReLU)",
    "elman_linear": "Elman (linear)",
    "lstm": "LSTM",
    "gru": "GRU",
    "gru_reset_before": "GRU (reset before)",
    "layer_norm_lstm": "LSTM (layer norm)",
})  # fmt: skip


def label_of(name: str) -> str:
    """What people call a cell; its name where no label is known."""
    return _LABELS.get(name, name)


def make_cell(
    name: str,
    input_size: int,
    hidden_size: int,
    *,
    orthogonal: bool = False,
    zoneout: float | Mapping[str, float] = 0.0,
    initialization: Initialization | None = None,
) -> Cell[Any]:
    """Make a cell by its name.

    Args:
        name: One of `CELLS`.
        input_size: Number of features that a step takes.
        hidden_size: Number of hidden units.
        orthogonal: Whether the recurrent matrix of an Elman cell stays orthogonal in training.
        zoneout: The rates of `Zoneout` around the cell; 0 for none.
        initialization: How the weights start; None for the cell's own.

    Raises:
        ConfigError: No cell has this name, or a value is out of range.

    >>> from recurra.cells import make_cell
    >>> make_cell("gru", 3, 5)
    GRU(3, 5, reset_after=True)
    """
    if name not in CELLS:
        raise ConfigError(f"cell {name!r}", f"one of {', '.join(CELLS)}", "Choose one of these names.")
    if orthogonal and not name.startswith("elman"):
        raise ConfigError(
            f"orthogonal=True of the cell {name!r}",
            "an Elman cell, whose one recurrent matrix can stay orthogonal",
            "Leave it out, or choose elman, elman_relu or elman_linear.",
        )
    chosen: dict[str, Any] = {} if initialization is None else {"initialization": initialization}
    if orthogonal:
        chosen["orthogonal"] = True
    cell = CELLS[name](input_size, hidden_size, **chosen)
    return Zoneout(cell, zoneout) if zoneout else cell


def own_initialization(name: str) -> Initialization:
    """How the weights of a cell start unless told otherwise.

    Args:
        name: One of `CELLS`.
    """
    with torch.random.fork_rng(devices=[]):
        return cast("Initialization", CELLS[name](1, 1).initialization)

"""Cells: parameters and one step of a recurrence. `cell.py` is the contract; read `lstm.py` first."""

from recurra.cells.cell import Cell, FusedCell
from recurra.cells.elman import Elman
from recurra.cells.gate import Gate, Gated
from recurra.cells.gru import GRU
from recurra.cells.initialization import (
    IRNN,
    Chrono,
    ForgetBias,
    Glorot,
    Identity,
    Initialization,
    Normal,
    Orthogonal,
    Scaled,
    ZeroBias,
)
from recurra.cells.layer_norm_lstm import LayerNormLSTM
from recurra.cells.lstm import LSTM
from recurra.cells.orthogonal import OrthogonalMatrix
from recurra.cells.registry import CELLS, make_cell
from recurra.cells.zoneout import Zoneout

__all__ = [
    "CELLS",
    "GRU",
    "IRNN",
    "LSTM",
    "Cell",
    "Chrono",
    "Elman",
    "ForgetBias",
    "FusedCell",
    "Gate",
    "Gated",
    "Glorot",
    "Identity",
    "Initialization",
    "LayerNormLSTM",
    "Normal",
    "Orthogonal",
    "OrthogonalMatrix",
    "Scaled",
    "ZeroBias",
    "Zoneout",
    "make_cell",
]

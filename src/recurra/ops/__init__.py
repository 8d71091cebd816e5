"""The recurrences as functions of tensors: one folder each, a readable reference beside the fast versions."""

from recurra.ops.elman import ElmanState, ElmanWeights, elman
from recurra.ops.gru import GRUState, GRUWeights, gru
from recurra.ops.lstm import LSTMState, LSTMWeights, lstm

__all__ = [
    "ElmanState",
    "ElmanWeights",
    "GRUState",
    "GRUWeights",
    "LSTMState",
    "LSTMWeights",
    "elman",
    "gru",
    "lstm",
]

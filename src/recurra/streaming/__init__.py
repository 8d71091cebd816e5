"""Live sessions over the compiled engine: trained nets step by step, in microseconds, without torch.

A `Program` is an ordered list of layers with weights, read from `config.json` and `model.safetensors`. A
`Session` steps through one sequence, a `SessionPool` through thousands at once.
"""

from recurra.streaming.activation import Activation
from recurra.streaming.affine import Affine
from recurra.streaming.compiled import WEIGHTS
from recurra.streaming.elman import Elman
from recurra.streaming.embedding import Embedding
from recurra.streaming.gru import GRU
from recurra.streaming.layer import Layer
from recurra.streaming.layer_norm import LayerNorm
from recurra.streaming.layer_norm_lstm import LayerNormLSTM
from recurra.streaming.live import PROGRAM, Live, Prediction
from recurra.streaming.lstm import LSTM
from recurra.streaming.pool import SessionPool
from recurra.streaming.program import Program
from recurra.streaming.residual import Residual
from recurra.streaming.running import Running
from recurra.streaming.scaling import Scaling
from recurra.streaming.session import Session
from recurra.streaming.softmax import Softmax

__all__ = [
    "GRU",
    "LSTM",
    "PROGRAM",
    "WEIGHTS",
    "Activation",
    "Affine",
    "Elman",
    "Embedding",
    "Layer",
    "LayerNorm",
    "LayerNormLSTM",
    "Live",
    "Prediction",
    "Program",
    "Residual",
    "Running",
    "Scaling",
    "Session",
    "SessionPool",
    "Softmax",
]

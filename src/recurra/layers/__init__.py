"""Layers: cells over time and depth, written only against the contract of a cell."""

from recurra.layers.bidirectional import Bidirectional, BidirectionalState
from recurra.layers.crf import LinearChainCRF
from recurra.layers.drop_in import GRU, LSTM, RNN
from recurra.layers.dropout import VariationalDropout
from recurra.layers.layer import Layer
from recurra.layers.pooling import Pooling
from recurra.layers.recurrent import Recurrent, unroll
from recurra.layers.stack import Stack, make_stack

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "BidirectionalState",
    "Layer",
    "LinearChainCRF",
    "Pooling",
    "Recurrent",
    "Stack",
    "VariationalDropout",
    "make_stack",
    "unroll",
]

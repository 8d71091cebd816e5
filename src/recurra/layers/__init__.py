"""Layers: cells over time and depth, written only against the contract of a cell."""

from recurra.layers.bidirectional import Bidirectional, BidirectionalState
from recurra.layers.drop_in import GRU, LSTM, RNN
from recurra.layers.dropout import VariationalDropout
from recurra.layers.layer import Layer
from recurra.layers.recurrent import Recurrent
from recurra.layers.stack import Stack
from recurra.layers.unroll import unroll

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "BidirectionalState",
    "Layer",
    "Recurrent",
    "Stack",
    "VariationalDropout",
    "unroll",
]

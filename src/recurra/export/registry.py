"""Which function turns which kind of module into layers of a stream program."""

from collections.abc import Mapping
from types import MappingProxyType

from torch import nn

from recurra import cells
from recurra.export import elementary, recurrence
from recurra.export.conversion import Convert, Converter, below
from recurra.layers import GRU, LSTM, RNN, Bidirectional, Recurrent, Stack, VariationalDropout
from recurra.layers.pooling import Pooling
from recurra.streaming import Layer


def sequential(module: nn.Sequential, place: str, convert: Convert) -> list[Layer]:
    """One after another."""
    return [layer for name, part in module.named_children() for layer in convert(part, below(place, name))]


CONVERTERS: Mapping[type[nn.Module], Converter] = MappingProxyType({
    cells.Elman: recurrence.elman,
    cells.LSTM: recurrence.lstm,
    cells.GRU: recurrence.gru,
    cells.LayerNormLSTM: recurrence.layer_norm_lstm,
    cells.Zoneout: recurrence.zoneout,
    Recurrent: recurrence.recurrent,
    Stack: recurrence.stack,
    Bidirectional: recurrence.bidirectional,
    Pooling: recurrence.pooling,
    RNN: recurrence.torch_rnn,
    LSTM: recurrence.torch_lstm,
    GRU: recurrence.torch_gru,
    nn.RNN: recurrence.torch_rnn,
    nn.LSTM: recurrence.torch_lstm,
    nn.GRU: recurrence.torch_gru,
    nn.Sequential: sequential,
    nn.Linear: elementary.linear,
    nn.Embedding: elementary.embedding,
    nn.LayerNorm: elementary.layer_norm,
    nn.Softmax: elementary.softmax,
    nn.LogSoftmax: elementary.softmax,
    nn.LeakyReLU: elementary.leaky_relu,
    nn.ELU: elementary.elu,
    nn.GELU: elementary.gelu,
    nn.Softplus: elementary.softplus,
    **dict.fromkeys(elementary.SIMPLE, elementary.simple),
    **dict.fromkeys((nn.Identity, nn.Dropout, VariationalDropout), elementary.nothing),
})  # fmt: skip
"""By the very class: a subclass may do something else in its `forward`."""

"""Layers by the names that they have in files."""

from collections.abc import Mapping
from types import MappingProxyType

from recurra.streaming.activation import Activation
from recurra.streaming.affine import Affine
from recurra.streaming.elman import Elman
from recurra.streaming.embedding import Embedding
from recurra.streaming.gru import GRU
from recurra.streaming.layer import Layer
from recurra.streaming.layer_norm import LayerNorm
from recurra.streaming.layer_norm_lstm import LayerNormLSTM
from recurra.streaming.lstm import LSTM
from recurra.streaming.residual import Residual
from recurra.streaming.running import Running
from recurra.streaming.scaling import Scaling
from recurra.streaming.softmax import Softmax

LAYERS: Mapping[str, type[Layer]] = MappingProxyType({
    layer.kind: layer
    for layer in (
        Embedding, Affine, Elman, LSTM, GRU, LayerNormLSTM, LayerNorm, Activation, Softmax, Scaling, Running,
        Residual,
    )
})  # fmt: skip

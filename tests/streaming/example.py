"""Random layers of every kind, and what they do as ten lines of NumPy each."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra.streaming import (
    GRU,
    LSTM,
    Activation,
    Affine,
    Elman,
    Embedding,
    Layer,
    LayerNorm,
    LayerNormLSTM,
    Program,
    Residual,
    Running,
    Scaling,
    Softmax,
)

Maker = Callable[[np.random.Generator, int, int], Layer]


def weights(random: np.random.Generator, *shape: int, bound: float | None = None) -> np.ndarray:
    size = bound or 1.0 / np.sqrt(shape[-1])
    return random.uniform(-size, size, shape).astype(np.float32)


def elman(random: np.random.Generator, features: int, hidden: int, **settings: Any) -> Elman:
    return Elman(
        weights(random, hidden, features),
        weights(random, hidden, hidden),
        weights(random, hidden),
        weights(random, hidden),
        **settings,
    )


def lstm(random: np.random.Generator, features: int, hidden: int, **settings: Any) -> LSTM:
    outputs = settings.pop("outputs", hidden)
    return LSTM(
        weights(random, 4 * hidden, features),
        weights(random, 4 * hidden, outputs),
        weights(random, 4 * hidden),
        weights(random, 4 * hidden),
        weights(random, outputs, hidden) if outputs != hidden else None,
        weights(random, 3 * hidden, bound=0.5) if settings.pop("peepholes", False) else None,
        **settings,
    )


def gru(random: np.random.Generator, features: int, hidden: int, **settings: Any) -> GRU:
    return GRU(
        weights(random, 3 * hidden, features),
        weights(random, 3 * hidden, hidden),
        weights(random, 3 * hidden),
        weights(random, 3 * hidden),
        **settings,
    )


def layer_norm_lstm(
    random: np.random.Generator, features: int, hidden: int, **settings: Any
) -> LayerNormLSTM:
    rows = 4 * hidden
    return LayerNormLSTM(
        weights(random, rows, features),
        weights(random, rows, hidden),
        weights(random, rows),
        1 + weights(random, rows, bound=0.3),
        1 + weights(random, rows, bound=0.3),
        1 + weights(random, hidden, bound=0.3),
        weights(random, hidden, bound=0.3),
        **settings,
    )


def affine(random: np.random.Generator, features: int, outputs: int) -> Affine:
    return Affine(weights(random, outputs, features), weights(random, outputs))


def scaling(random: np.random.Generator, features: int, _: int, **settings: Any) -> Scaling:
    return Scaling(weights(random, features), 1 + weights(random, features, bound=0.5), **settings)


def layer_norm(random: np.random.Generator, features: int, _: int) -> LayerNorm:
    return LayerNorm(weights(random, features, bound=1), weights(random, features), epsilon=1e-3)


def residual(random: np.random.Generator, features: int, hidden: int) -> Residual:
    inner = Residual((Activation("tanh"), layer_norm(random, hidden, 0)))
    return Residual((lstm(random, features, hidden), inner, affine(random, hidden, features)))


RECURRENT: dict[str, Maker] = {
    "elman": elman,
    "elman_relu": lambda *given: elman(*given, nonlinearity="relu", zoneout_hidden=0.2),
    "elman_linear": lambda *given: elman(*given, nonlinearity="linear"),
    "lstm": lstm,
    "lstm_peepholes": lambda *given: lstm(*given, peepholes=True, zoneout_hidden=0.1, zoneout_cell=0.3),
    "lstm_projection": lambda *given: lstm(*given, outputs=given[2] // 2 + 1, zoneout_hidden=0.2),
    "gru": gru,
    "gru_zoneout": lambda *given: gru(*given, zoneout_hidden=0.1),
    "gru_reset_before": lambda *given: gru(*given, reset_after=False, zoneout_hidden=0.1),
    "layer_norm_lstm": lambda *given: layer_norm_lstm(*given, zoneout_hidden=0.1, zoneout_cell=0.2),
}

OTHERS: dict[str, Maker] = {
    "affine": affine,
    "scaling": scaling,
    "scaling_inverse": lambda *given: scaling(*given, inverse=True),
    "layer_norm": layer_norm,
    "residual": residual,
    "running_max": lambda _, features, __: Running("max", features),
    "running_mean": lambda _, features, __: Running("mean", features),
    "softmax": lambda *_: Softmax(),
    "log_softmax": lambda *_: Softmax(log=True),
} | {
    name: lambda *_, name=name: Activation(name, slope=0.1)  # type: ignore[misc]
    for name in ("tanh", "relu", "leaky_relu", "elu", "sigmoid", "silu", "gelu", "softplus", "exp")
}

LAYERS = RECURRENT | OTHERS


def make_program(
    names: Sequence[str], features: int, hidden: int, seed: int = 0, vocabulary: int = 0
) -> Program:
    """Layers of these names on each other, each `hidden` wide; with a vocabulary an embedding below them."""
    random = np.random.default_rng(seed)
    layers: list[Layer] = []
    size = features
    if vocabulary:
        layers.append(Embedding(weights(random, vocabulary, features, bound=1)))
    for name in names:
        if not layers and name in OTHERS:
            layers.append(scaling(random, features, 0))
        layers.append(LAYERS[name](random, size, hidden))
        size = layers[-1].output_size or size
    return Program(layers)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def normalized(x: np.ndarray, epsilon: float) -> np.ndarray:
    return (x - x.mean()) / np.sqrt(x.var() + epsilon)

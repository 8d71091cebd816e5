"""What every layer does, spelled out in float64: one step, given the state and returning the next."""

from collections.abc import Sequence
from math import erf
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
    Residual,
    Running,
    Scaling,
    Softmax,
)

State = dict[str, np.ndarray]

FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
    "elu": lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2,
    "softplus": lambda x: np.logaddexp(x, 0),
    "exp": np.exp,
}
sigmoid = FUNCTIONS["sigmoid"]


def wide(array: np.ndarray | None) -> Any:
    return 0.0 if array is None else array.astype(np.float64)


def normalized(x: np.ndarray, epsilon: float) -> np.ndarray:
    return (x - x.mean()) / np.sqrt(x.var() + epsilon)


def kept(rate: float, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return rate * old + (1 - rate) * new


def elman_step(layer: Elman, x: np.ndarray, state: State) -> np.ndarray:
    h = state["hidden"]
    a = wide(layer.weight_ih) @ x + wide(layer.bias_ih) + wide(layer.weight_hh) @ h + wide(layer.bias_hh)
    state["hidden"] = kept(layer.zoneout_hidden, h, FUNCTIONS[layer.nonlinearity](a))
    return state["hidden"]


def lstm_step(layer: LSTM, x: np.ndarray, state: State) -> np.ndarray:
    h, c = state["hidden"], state["cell"]
    a = wide(layer.weight_ih) @ x + wide(layer.bias_ih) + wide(layer.weight_hh) @ h + wide(layer.bias_hh)
    i, f, g, o = np.split(a, 4)
    p = wide(layer.weight_peephole) if layer.weight_peephole is not None else np.zeros(3 * len(c))
    p_i, p_f, p_o = np.split(p, 3)
    new = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
    shown = sigmoid(o + p_o * new) * np.tanh(new)
    if layer.weight_hr is not None:
        shown = wide(layer.weight_hr) @ shown
    state["cell"] = kept(layer.zoneout_cell, c, new)
    state["hidden"] = kept(layer.zoneout_hidden, h, shown)
    return state["hidden"]


def gru_step(layer: GRU, x: np.ndarray, state: State) -> np.ndarray:
    h = state["hidden"]
    x_r, x_z, x_n = np.split(wide(layer.weight_ih) @ x + wide(layer.bias_ih), 3)
    u_r, u_z, u_n = np.split(wide(layer.weight_hh), 3)
    d_r, d_z, d_n = np.split(wide(layer.bias_hh), 3)
    r, z = sigmoid(x_r + u_r @ h + d_r), sigmoid(x_z + u_z @ h + d_z)
    n = np.tanh(x_n + (r * (u_n @ h + d_n) if layer.reset_after else u_n @ (r * h) + d_n))
    state["hidden"] = kept(layer.zoneout_hidden, h, (1 - z) * n + z * h)
    return state["hidden"]


def layer_norm_lstm_step(layer: LayerNormLSTM, x: np.ndarray, state: State) -> np.ndarray:
    h, c = state["hidden"], state["cell"]
    from_input = wide(layer.gain_ih) * normalized(wide(layer.weight_ih) @ x, layer.epsilon)
    from_hidden = wide(layer.gain_hh) * normalized(wide(layer.weight_hh) @ h, layer.epsilon)
    i, f, g, o = np.split(from_input + from_hidden + wide(layer.bias), 4)
    new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    shown = wide(layer.gain_cell) * normalized(new, layer.epsilon) + wide(layer.bias_cell)
    state["cell"] = kept(layer.zoneout_cell, c, new)
    state["hidden"] = kept(layer.zoneout_hidden, h, sigmoid(o) * np.tanh(shown))
    return state["hidden"]


def running_step(layer: Running, x: np.ndarray, state: State) -> np.ndarray:
    state["seen"] = np.concatenate([state.get("seen", np.empty((0, len(x)))), x[None]])
    return state["seen"].max(axis=0) if layer.function == "max" else state["seen"].mean(axis=0)


def plain_step(layer: Layer, x: np.ndarray) -> np.ndarray:
    match layer:
        case Embedding():
            return wide(layer.weight)[int(x)]
        case Affine():
            return wide(layer.weight) @ x + wide(layer.bias)
        case LayerNorm():
            return wide(layer.weight) * normalized(x, layer.epsilon) + wide(layer.bias)
        case Scaling(inverse=True):
            return x * wide(layer.scale) + wide(layer.mean)
        case Scaling():
            return (x - wide(layer.mean)) / wide(layer.scale)
        case Softmax():
            logarithm = x - np.logaddexp.reduce(x)
            return logarithm if layer.log else np.exp(logarithm)
        case Activation(function="leaky_relu"):
            return np.where(x < 0, layer.slope * x, x)
        case Activation():
            return FUNCTIONS[layer.function](x)
    raise AssertionError(layer)


STEPS: dict[type[Layer], Any] = {
    Elman: elman_step,
    LSTM: lstm_step,
    GRU: gru_step,
    LayerNormLSTM: layer_norm_lstm_step,
    Running: running_step,
}


class Reference:
    """Layers and their states, step by step."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self.states: list[Any] = [
            Reference(layer.layers)
            if isinstance(layer, Residual)
            else {name: np.zeros(size) for name, size in layer.state_sizes().items()}
            for layer in layers
        ]

    def step(self, x: Any) -> np.ndarray:
        for layer, state in zip(self.layers, self.states, strict=True):
            if isinstance(layer, Residual):
                x = x + state.step(x)
            elif state:
                x = STEPS[type(layer)](layer, x, state)
            else:
                x = plain_step(layer, x)
        return x

    def run(self, steps: np.ndarray) -> np.ndarray:
        return np.stack([self.step(step if step.ndim == 0 else step.astype(np.float64)) for step in steps])

"""The layer-normalised LSTM against its equations in NumPy."""

import numpy as np
import torch

from recurra.cells import LayerNormLSTM
from recurra.layers import Recurrent
from recurra.ops.lstm import LSTMState


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def normalized(a, gain, bias, epsilon):
    mean, variance = a.mean(axis=-1, keepdims=True), a.var(axis=-1, keepdims=True)
    return gain * (a - mean) / np.sqrt(variance + epsilon) + bias


def test_numpy():
    cell = LayerNormLSTM(3, 5, epsilon=0.01, dtype=torch.float64)
    for weight in cell.parameters():
        torch.nn.init.normal_(weight)
    p = {name: weight.detach().numpy() for name, weight in cell.named_parameters()}
    x, h, c = np.random.default_rng(0).normal(size=(7, 2, 3)), np.ones((2, 5)), np.ones((2, 5))
    expected = []
    for x_t in x:
        a = normalized(x_t @ p["weight_ih"].T, p["gain_ih"], 0, 0.01) + p["bias"]
        a = a + normalized(h @ p["weight_hh"].T, p["gain_hh"], 0, 0.01)
        i, f, g, o = np.split(a, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(normalized(c, p["gain_cell"], p["bias_cell"], 0.01))
        expected.append(h)
    state = LSTMState(*(torch.ones_like(field) for field in cell.initial_state(2)))
    outputs, final = Recurrent(cell)(torch.tensor(x).transpose(0, 1), state)
    np.testing.assert_allclose(outputs.detach().transpose(0, 1), expected, atol=1e-13)
    np.testing.assert_allclose(final.cell.detach(), c, atol=1e-13)


def test_the_scale_of_the_weights_does_not_matter():
    cell = LayerNormLSTM(3, 5, epsilon=0.0, dtype=torch.float64)
    x = torch.randn(2, 7, 3, dtype=torch.float64)
    state = LSTMState(*(torch.randn_like(field) for field in cell.initial_state(2)))
    before, _ = Recurrent(cell)(x, state)
    with torch.no_grad():
        cell.weight_hh.mul_(100)
        cell.weight_ih.mul_(0.01)
    after, _ = Recurrent(cell)(x, state)
    torch.testing.assert_close(before, after)


def test_start():
    cell = LayerNormLSTM(3, 5)
    assert cell.bias.tolist() == [0] * 5 + [1] * 5 + [0] * 10
    assert all(gain.eq(1).all() for gain in (cell.gain_ih, cell.gain_hh, cell.gain_cell))
    assert repr(cell) == "LayerNormLSTM(3, 5)"

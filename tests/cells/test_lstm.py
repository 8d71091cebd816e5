"""The long short-term memory against its equations in NumPy and against torch.nn."""

import numpy as np
import pytest
import torch
from tests.trial import unchecked

from recurra.cells import LSTM
from recurra.errors import ConfigError
from recurra.layers import Recurrent
from recurra.ops.lstm import LSTMState


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.mark.parametrize("proj_size", [0, 2])
def test_numpy(proj_size):
    cell = LSTM(3, 5, proj_size=proj_size, dtype=torch.float64)
    W_i, W_f, W_g, W_o = cell.weight_ih.detach().numpy().reshape(4, 5, 3)
    U_i, U_f, U_g, U_o = cell.weight_hh.detach().numpy().reshape(4, 5, -1)
    b_i, b_f, b_g, b_o = (cell.bias_ih + cell.bias_hh).detach().numpy().reshape(4, 5)
    P = np.eye(5) if cell.weight_hr is None else cell.weight_hr.detach().numpy()
    x, h, c = np.random.default_rng(0).normal(size=(7, 2, 3)), np.ones((2, len(P))), np.ones((2, 5))
    expected = []
    for x_t in x:
        i, f = sigmoid(x_t @ W_i.T + h @ U_i.T + b_i), sigmoid(x_t @ W_f.T + h @ U_f.T + b_f)
        g, o = np.tanh(x_t @ W_g.T + h @ U_g.T + b_g), sigmoid(x_t @ W_o.T + h @ U_o.T + b_o)
        c = f * c + i * g
        h = (o * np.tanh(c)) @ P.T
        expected.append(h)
    state = LSTMState(*(torch.ones_like(field) for field in cell.initial_state(2)))
    outputs, final = Recurrent(cell, backend="reference")(torch.tensor(x).transpose(0, 1), state)
    np.testing.assert_allclose(outputs.detach().transpose(0, 1), expected, atol=1e-14)
    np.testing.assert_allclose(final.cell.detach(), c, atol=1e-14)


def test_torch_weights_and_numbers():
    cell, peer = LSTM(3, 5), torch.nn.LSTMCell(3, 5)
    cell.load_state_dict(peer.state_dict())
    x, h, c = torch.randn(2, 3), torch.randn(2, 5), torch.randn(2, 5)
    _, state = cell(x, LSTMState(h, c))
    for got, expected in zip(state, peer(x, (h, c)), strict=True):
        torch.testing.assert_close(got, expected)
    peer.load_state_dict(cell.state_dict())


def test_start():
    cell = LSTM(3, 5)
    assert cell.bias_ih.tolist() == [0] * 5 + [1] * 5 + [0] * 10
    assert not cell.bias_hh.any()
    for block in cell.weight_hh.chunk(4):
        torch.testing.assert_close(block @ block.T, torch.eye(5))
    assert repr(cell) == "LSTM(3, 5)"
    assert repr(LSTM(3, 5, proj_size=2, bias=False)) == "LSTM(3, 5, proj_size=2, bias=False)"


without_type_checks = pytest.fixture(unchecked)


def test_wrong_settings_are_refused(without_type_checks):
    with pytest.raises(ConfigError, match="proj_size is 5"):
        LSTM(3, 5, proj_size=5)
    with pytest.raises(ConfigError, match="input_size is -1"):
        LSTM(-1, 5)
    with pytest.raises(ConfigError, match=r"hidden_size is 5\.0"):
        LSTM(3, 5.0)
    with pytest.raises(ConfigError, match="initialization='chrono'; expected an Initialization"):
        LSTM(3, 5, initialization="chrono")

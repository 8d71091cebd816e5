"""The simple recurrent net against its equation in NumPy and against torch.nn."""

import numpy as np
import pytest
import torch

from recurra.cells import Elman
from recurra.errors import ConfigError
from recurra.layers import Recurrent

PHI = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0), "linear": lambda a: a}


@pytest.mark.parametrize("nonlinearity", PHI)
def test_numpy(nonlinearity):
    cell = Elman(3, 5, nonlinearity=nonlinearity, dtype=torch.float64)
    W, U, b, d = (weight.detach().numpy() for weight in cell.weights())
    x, h = np.random.default_rng(0).normal(size=(7, 2, 3)), np.ones((2, 5))
    expected = []
    for x_t in x:
        h = PHI[nonlinearity](x_t @ W.T + b + h @ U.T + d)
        expected.append(h)
    state = type(cell.initial_state(2))(torch.ones(2, 5, dtype=torch.float64))
    outputs, _ = Recurrent(cell, backend="reference")(torch.tensor(x).transpose(0, 1), state)
    np.testing.assert_allclose(outputs.detach().transpose(0, 1), expected, atol=1e-14)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_torch_weights_and_numbers(nonlinearity):
    cell, peer = Elman(3, 5, nonlinearity=nonlinearity), torch.nn.RNNCell(3, 5, nonlinearity=nonlinearity)
    cell.load_state_dict(peer.state_dict())
    x, h = torch.randn(2, 3), torch.randn(2, 5)
    output, state = cell(x, type(cell.initial_state(2))(h))
    torch.testing.assert_close(output, peer(x, h))
    assert output is state.hidden
    peer.load_state_dict(cell.state_dict())


def test_start():
    relu = Elman(3, 5, nonlinearity="relu")
    assert torch.equal(relu.weight_hh, torch.eye(5))
    tanh = Elman(3, 5)
    torch.testing.assert_close(tanh.weight_hh @ tanh.weight_hh.T, torch.eye(5))
    assert not tanh.bias_ih.any()
    assert repr(relu) == "Elman(3, 5, nonlinearity='relu')"


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="one of tanh, relu, linear"):
        Elman(3, 5, nonlinearity="sigmoid")
    with pytest.raises(ConfigError, match="hidden_size is 0"):
        Elman(3, 0)

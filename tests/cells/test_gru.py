"""The gated recurrent unit in both forms against its equations in NumPy and against torch.nn."""

import numpy as np
import pytest
import torch

from recurra.cells import GRU
from recurra.layers import Recurrent
from recurra.ops.gru import GRUState


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.mark.parametrize("reset_after", [True, False])
def test_numpy(reset_after):
    cell = GRU(3, 5, reset_after=reset_after, dtype=torch.float64)
    torch.nn.init.normal_(cell.bias_hh)
    W_r, W_z, W_n = cell.weight_ih.detach().numpy().reshape(3, 5, 3)
    U_r, U_z, U_n = cell.weight_hh.detach().numpy().reshape(3, 5, 5)
    b_r, b_z, b_n = cell.bias_ih.detach().numpy().reshape(3, 5)
    d_r, d_z, d_n = cell.bias_hh.detach().numpy().reshape(3, 5)
    x, h = np.random.default_rng(0).normal(size=(7, 2, 3)), np.ones((2, 5))
    expected = []
    for x_t in x:
        r = sigmoid(x_t @ W_r.T + b_r + h @ U_r.T + d_r)
        z = sigmoid(x_t @ W_z.T + b_z + h @ U_z.T + d_z)
        n = np.tanh(x_t @ W_n.T + b_n + (r * (h @ U_n.T + d_n) if reset_after else (r * h) @ U_n.T + d_n))
        h = (1 - z) * n + z * h
        expected.append(h)
    state = GRUState(torch.ones(2, 5, dtype=torch.float64))
    outputs, _ = Recurrent(cell, backend="reference")(torch.tensor(x).transpose(0, 1), state)
    np.testing.assert_allclose(outputs.detach().transpose(0, 1), expected, atol=1e-14)


def test_torch_weights_and_numbers():
    cell, peer = GRU(3, 5), torch.nn.GRUCell(3, 5)
    cell.load_state_dict(peer.state_dict())
    x, h = torch.randn(2, 3), torch.randn(2, 5)
    output, _ = cell(x, GRUState(h))
    torch.testing.assert_close(output, peer(x, h))
    peer.load_state_dict(cell.state_dict())


def test_the_two_forms_differ():
    after, before = GRU(3, 5), GRU(3, 5, reset_after=False)
    before.load_state_dict(after.state_dict())
    x, state = torch.randn(2, 3), GRUState(torch.randn(2, 5))
    assert not torch.allclose(after(x, state)[0], before(x, state)[0])
    zeros = after.initial_state(2)
    torch.testing.assert_close(after(x, zeros)[0], before(x, zeros)[0])  # no bias yet, and nothing to reset
    assert repr(before) == "GRU(3, 5, reset_after=False)"

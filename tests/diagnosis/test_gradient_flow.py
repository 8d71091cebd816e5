"""Gradients followed back are those of autograd, and decay as known matrices make them."""

import math

import numpy as np
import pytest
import torch
from tests.catalogue import every_cell
from tests.diagnosis.toy_net import Linear, with_eigenvalues
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import recurra
from recurra.cells import GRU, LSTM, Elman
from recurra.diagnosis import Limits, gradient_flow, half_life, look, undisturbed
from recurra.layers import Bidirectional, Recurrent, Stack
from recurra.ops.walk import mapped

EVERY = Limits(sources=1000, lags=1000, steps=1000)


def flows(model, run, limits=EVERY):
    with undisturbed(model):
        return [gradient_flow(passage, limits) for passage in look(model, run).passages]


@pytest.mark.parametrize("values", [[0.9, 0.7, -0.5, 0.3], [1.05, -0.8, 0.6, 0.1], [-0.95, 0.4, 0.2, 0.0]])
def test_the_decay_of_a_linear_net_is_its_spectral_radius(values):
    layer = Recurrent(Linear(with_eigenvalues(values)))
    x = torch.randn(3, 150, 2, dtype=torch.float64)
    weight = torch.randn(4, dtype=torch.float64)
    (flow,) = flows(layer, lambda: torch.sum(layer(x)[0] @ weight))
    radius = max(abs(value) for value in values)
    assert abs(flow.factor - radius) < 1e-5
    assert flow.half_life == pytest.approx(half_life(radius), rel=1e-3)


def test_an_orthogonal_matrix_keeps_every_norm():
    turned = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64))[0]
    layer, x = Recurrent(Linear(0.8 * turned)), torch.randn(3, 30, 2, dtype=torch.float64)
    (flow,) = flows(layer, lambda: torch.sum(layer(x)[0][:, -1]))
    np.testing.assert_allclose(flow.profile, 0.8 ** np.arange(30), rtol=1e-12)
    np.testing.assert_allclose(flow.norms[0], math.sqrt(5) * 0.8 ** np.arange(30), rtol=1e-12)
    assert flow.reach(0.5) == 3


def test_a_relu_net_in_its_linear_range_by_the_engine_or_torch():
    cell = Elman(2, 4, nonlinearity="relu", dtype=torch.float64)
    with torch.no_grad():
        cell.weight_hh.copy_(0.9 * torch.eye(4)), cell.weight_ih.abs_(), cell.bias_ih.fill_(0.1)
    layer, x = Recurrent(cell), torch.rand(3, 40, 2, dtype=torch.float64)
    (flow,) = flows(layer, lambda: torch.sum(layer(x)[0].square()))
    assert abs(flow.factor - 0.9) < 1e-5


@every_cell
@pytest.mark.parametrize("reverse", [False, True])
def test_every_cell_as_autograd(row, reverse):
    cell = row.make(3, 4).double().eval()
    layer = Recurrent(cell, reverse=reverse)
    lengths = torch.tensor([6, 4])
    x, weight = torch.randn(2, 6, 3, dtype=torch.float64), torch.randn(2, 6, 4, dtype=torch.float64)
    (flow,) = flows(layer, lambda: torch.sum(layer(x, lengths=lengths)[0] * weight))
    assert flow.steps == tuple(range(6))
    own = x.clone(), weight.clone()
    if reverse:
        own = tuple(torch.stack([one[0].flip(0), torch.cat([one[1, :4].flip(0), one[1, 4:]])]) for one in own)
    for source in range(6):
        rows = [row for row in range(2) if source < lengths[row]]
        for lag in range(source + 1):
            norms = [norm_after(cell, *(one[r] for one in own), source, lag) for r in rows]
            assert flow.norms[source, lag] == pytest.approx(np.mean(norms), rel=1e-9)


def norm_after(cell, x, weight, source, lag):
    """The norm of ∂(weight · h_source) / ∂ state at source - lag, of one row."""
    state = cell.initial_state(1)
    for step in range(source + 1):
        _, state = cell(x[step : step + 1], state)
        if step == source - lag:
            leaf = state = mapped(lambda field: field.detach().requires_grad_(), state)
    (state[0] * weight[source]).sum().backward()
    found = [field.grad for field in leaf if field.grad is not None]
    return float(torch.cat(found, dim=1).norm())


def test_stand_ins_and_torchs_own_alike_layer_by_layer():
    ours, torchs = recurra.LSTM(3, 4, 2, bidirectional=True), nn.LSTM(3, 4, 2, bidirectional=True)
    torchs.load_state_dict(ours.state_dict())
    stack = Stack([Bidirectional(LSTM(3, 4), LSTM(3, 4)), Bidirectional(LSTM(8, 4), LSTM(8, 4))])
    with torch.no_grad():
        weights = list(ours.parameters())
        for own, given in zip(stack.parameters(), weights, strict=True):
            own.copy_(given)
    for model in (ours, torchs, stack):
        model.double()
    x = torch.randn(7, 2, 3, dtype=torch.float64)

    def loss(model):
        values = x.transpose(0, 1) if model is stack else x
        outputs, state = model(values)
        last = state[-1].forward.cell if model is stack else state[1][2]
        return outputs.square().sum() + last.sum()

    found = [flows(model, lambda model=model: loss(model)) for model in (ours, torchs, stack)]
    assert [len(one) for one in found] == [4, 4, 4]
    for first, *others in zip(*found, strict=True):
        for other in others:
            np.testing.assert_allclose(other.norms, first.norms, rtol=1e-9)


def test_packed_and_padded_alike():
    padded, packing = recurra.GRU(3, 4, batch_first=True).double(), nn.GRU(3, 4, batch_first=True).double()
    packing.load_state_dict(padded.state_dict())
    x, lengths = torch.randn(3, 6, 3, dtype=torch.float64), torch.tensor([4, 6, 2])
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    (one,) = flows(padded, lambda: torch.sum(padded(x, lengths=lengths)[0].square()))
    (other,) = flows(packing, lambda: torch.sum(packing(packed)[0].data.square()))
    np.testing.assert_allclose(other.norms, one.norms, rtol=1e-9)


def test_one_call_a_step_as_one_call_for_all():
    layer = Recurrent(GRU(3, 4)).double()
    x = torch.randn(2, 6, 3, dtype=torch.float64)

    def one_by_one():
        state, total = None, 0
        for step in x.unbind(1):
            outputs, state = layer(step.unsqueeze(1), state)
            total = total + outputs.square().sum()
        return total

    (whole,), (pieces,) = flows(layer, lambda: layer(x)[0].square().sum()), flows(layer, one_by_one)
    np.testing.assert_allclose(pieces.norms, whole.norms, rtol=1e-9)


def test_a_reset_lets_nothing_pass():
    layer = Recurrent(LSTM(3, 4)).double()
    x, resets = torch.randn(2, 8, 3, dtype=torch.float64), torch.zeros(2, 8, dtype=torch.bool)
    resets[:, 5] = True
    (flow,) = flows(layer, lambda: torch.sum(layer(x, resets=resets)[0][:, -1]))
    assert (flow.norms[0, :3] > 0).all()
    assert not flow.norms[0, 3:].any()
    assert flow.factor == 0


def test_the_last_state_brings_gradients_too():
    layer = Recurrent(LSTM(3, 4)).double()
    x, lengths = torch.randn(2, 6, 3, dtype=torch.float64), torch.tensor([6, 3])
    (flow,) = flows(layer, lambda: torch.sum(layer(x, lengths=lengths)[1].cell))
    assert flow.steps == (2, 5)
    np.testing.assert_allclose(flow.norms[:, 0], 2.0)


def test_what_is_too_small_for_a_number_still_decays():
    layer, x = Recurrent(Linear(0.01 * torch.eye(3))), torch.randn(1, 60, 2)
    (flow,) = flows(layer, lambda: torch.sum(layer(x)[0][:, -1]))
    assert flow.factor == pytest.approx(0.01, rel=1e-5)


def test_one_step_of_data_tells_no_decay():
    layer = Recurrent(LSTM(3, 4))
    (flow,) = flows(layer, lambda: torch.sum(layer(torch.randn(2, 1, 3))[0]))
    assert flow.norms.shape == (1, 1)
    assert math.isnan(flow.factor)
    assert flow.to_dict()["half_life"] is None


def test_a_loss_that_reads_nothing_tells_nothing():
    layer = Recurrent(LSTM(3, 4))
    (flow,) = flows(layer, lambda: layer(torch.randn(2, 5, 3))[0].sum() * 0)
    assert flow.steps == ()


def test_limits():
    layer, x = Recurrent(GRU(3, 4)), torch.randn(2, 40, 3)
    (flow,) = flows(layer, lambda: torch.sum(layer(x)[0]), Limits(sources=3, lags=5, steps=11))
    assert flow.steps == (29, 34, 39)
    assert flow.norms.shape == (3, 6)
    assert not np.isnan(flow.norms).any()

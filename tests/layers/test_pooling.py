"""Pooling sees the valid steps, and nothing else."""

import pytest
import torch

from recurra.cells import LSTM
from recurra.errors import ConfigError
from recurra.layers import Bidirectional, Pooling
from recurra.layers.pooling import POOLINGS

STEPS, LENGTHS = torch.randn(3, 5, 6), torch.tensor([5, 2, 0])


@pytest.mark.parametrize("name", POOLINGS)
def test_padding_changes_nothing_and_no_step_gives_zeros(name: str) -> None:
    pooling = Pooling(name, 6)
    spoilt = STEPS.clone()
    spoilt[1, 2:], spoilt[2] = 100.0, torch.nan
    pooled = pooling(spoilt, LENGTHS)
    assert torch.equal(pooled, pooling(STEPS, LENGTHS))
    assert torch.equal(pooled[2], torch.zeros(6))
    assert torch.allclose(pooled[1], pooling(STEPS[1:2, :2], torch.tensor([2]))[0], atol=1e-6)


@pytest.mark.parametrize("name", POOLINGS)
def test_gradients_and_padding_that_is_no_number(name: str) -> None:
    pooling = Pooling(name, 6, bidirectional=True).double()
    steps = STEPS.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda one: pooling(one, LENGTHS), (steps,))
    spoilt = STEPS.double()
    spoilt[1, 2:], spoilt[2] = torch.nan, torch.inf
    leaves = [spoilt.requires_grad_(), *pooling.parameters()]
    gradients = torch.autograd.grad(pooling(spoilt, LENGTHS).square().sum(), leaves)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert not gradients[0][1, 2:].any()
    assert not gradients[0][2].any()
    assert gradients[0][0].any()


def test_weights_asked_for_alone_have_gradients_without_padding() -> None:
    pooling = Pooling("attention", 6)
    spoilt = STEPS.clone()
    spoilt[1, 2:], spoilt[2] = torch.nan, torch.inf
    leaves = [spoilt.requires_grad_(), *pooling.parameters()]
    gradients = torch.autograd.grad(pooling.weights(spoilt, LENGTHS).square().sum(), leaves)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[0][1, :2].any()


def test_attention_spelt_out() -> None:
    """softmax(v tanh(W h + b)) over the valid steps, Yang and others (2016), equations 5 to 7."""
    pooling = Pooling("attention", 6)
    inner, _, outer = pooling.score
    for row, length in enumerate([5, 2]):
        valid = STEPS[row, :length]
        energies = torch.tanh(valid @ inner.weight.T + inner.bias) @ outer.weight[0]
        weights = energies.exp() / energies.exp().sum()
        assert torch.allclose(pooling.weights(STEPS, LENGTHS)[row, :length], weights, atol=1e-6)
        assert torch.allclose(pooling(STEPS, LENGTHS)[row], weights @ valid, atol=1e-6)


def test_each_is_what_it_is_called() -> None:
    assert torch.allclose(Pooling("mean", 6)(STEPS, LENGTHS)[1], STEPS[1, :2].mean(dim=0))
    assert torch.equal(Pooling("max", 6)(STEPS, LENGTHS)[1], STEPS[1, :2].amax(dim=0))
    assert torch.equal(Pooling("last", 6)(STEPS, LENGTHS)[1], STEPS[1, 1])
    weights = Pooling("attention", 6).weights(STEPS, LENGTHS)
    assert torch.allclose(weights.sum(dim=1), torch.tensor([1.0, 1.0, 0.0]))
    assert not weights[1, 2:].any()


def test_the_last_of_two_directions_is_where_each_ends() -> None:
    layer = Bidirectional(LSTM(3, 4), LSTM(3, 4))
    outputs, state = layer(torch.randn(2, 5, 3), lengths=torch.tensor([5, 3]))
    pooled = Pooling("last", 8, bidirectional=True)(outputs, torch.tensor([5, 3]))
    assert torch.equal(pooled, torch.cat([state.forward.hidden, state.backward.hidden], dim=1))


def test_an_unknown_one_lists_those_there_are() -> None:
    with pytest.raises(ConfigError, match="one of last, mean, max, attention"):
        Pooling("median", 6)
    with pytest.raises(ConfigError, match="with 7 features"):
        Pooling("last", 7, bidirectional=True)
    with pytest.raises(ConfigError, match="expected attention"):
        Pooling("mean", 6).weights(STEPS, LENGTHS)

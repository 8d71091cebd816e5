"""A call by a plan is that of the operator, whoever looks at its backward pass, wherever its tensors lie."""

import pytest
import torch
from tests.catalogue import every_cell
from tests.trial import BATCH, FEATURES, HIDDEN, TIME, assert_close, random_input, random_lengths, weighted

import recurra
from recurra.layers import Bidirectional, Recurrent

pytest.importorskip("recurra.native._engine")
NAMES = ("RNN", "GRU", "LSTM")


def layers_of(row):
    """One direction, and both at once."""
    one, other = (row.make(FEATURES, HIDDEN).double() for _ in range(2))
    return [Recurrent(one).eval(), Bidirectional(one, other).eval()]


def tensors_of(state):
    return [state] if isinstance(state, torch.Tensor) else [one for part in state for one in tensors_of(part)]


@every_cell
def test_a_backward_pass_that_is_watched_has_the_same_bits(row):
    for layer in layers_of(row):
        leaves = [random_input().requires_grad_(), *layer.parameters()]
        outputs, state = layer(leaves[0], lengths=random_lengths())
        total = weighted(outputs, 0) + sum(weighted(one, 1) for one in tensors_of(state))
        expected = torch.autograd.grad(total, leaves, retain_graph=True)
        with torch.profiler.profile() as profile:
            found = torch.autograd.grad(total, leaves, retain_graph=True)
        seen = [one.key for one in profile.key_averages() if one.key.startswith("recurra::")]
        assert all("backward" in key for key in seen)
        assert seen
        assert all(torch.equal(one, due) for one, due in zip(found, expected, strict=True))
        recorded = torch.autograd.grad(total, leaves, create_graph=True)
        for one, due in zip(recorded, expected, strict=True):
            assert_close(one, due, row.condition)


@every_cell
def test_many_gradients_of_one_pass(row):
    for layer in layers_of(row):
        leaves = [random_input().requires_grad_(), *layer.parameters()]
        outputs, _ = layer(leaves[0], lengths=random_lengths())
        directions = torch.randn(2, *outputs.shape, dtype=outputs.dtype)
        found = torch.autograd.grad(outputs, leaves, directions, retain_graph=True, is_grads_batched=True)
        for number, direction in enumerate(directions):
            due = torch.autograd.grad(outputs, leaves, direction, retain_graph=True)
            for one, expected in zip(found, due, strict=True):
                assert_close(one[number], expected, row.condition)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_tensors_that_were_kept_elsewhere_lie_as_they_like(name, batch_first, bidirectional):
    """What is taken out of such a keep lies without gaps, however it lay before."""
    kind = getattr(recurra, name)
    layer = kind(FEATURES, HIDDEN, bidirectional=bidirectional, batch_first=batch_first).double()
    axes = (BATCH, TIME) if batch_first else (TIME, BATCH)
    leaves = [torch.randn(*axes, FEATURES, dtype=torch.float64, requires_grad=True), *layer.parameters()]
    results = []
    for hooks in ((lambda one: one, lambda one: one), (lambda one: one.numpy().copy("C"), torch.from_numpy)):
        with torch.autograd.graph.saved_tensors_hooks(*hooks):
            outputs, _ = layer(leaves[0])
        results.append(torch.autograd.grad(weighted(outputs, 0), leaves))
    assert all(torch.equal(one, due) for one, due in zip(*results, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_are_computed(name):
    layer = getattr(recurra, name)(FEATURES, HIDDEN).double()
    inputs = torch.randn(TIME, BATCH, FEATURES, dtype=torch.float64)
    before = layer(inputs)[0]
    torch.nn.utils.parametrizations.weight_norm(layer, "weight_hh_l0")
    outputs, _ = layer(inputs)
    assert_close(outputs, before)
    weighted(outputs, 0).backward()
    assert all(bool(one.grad.any()) for one in layer.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_only_the_last_state_has_a_gradient(name):
    layer = getattr(recurra, name)(FEATURES, HIDDEN, bidirectional=True)
    leaves = [torch.randn(TIME, BATCH, FEATURES, requires_grad=True), *layer.parameters()]
    outputs, _ = layer(leaves[0])
    of_outputs = torch.autograd.grad(outputs[-1, :, :HIDDEN].sum() + outputs[0, :, HIDDEN:].sum(), leaves)
    _, state = layer(leaves[0])
    of_state = torch.autograd.grad((state[0] if name == "LSTM" else state).sum(), leaves)
    for one, due in zip(of_state, of_outputs, strict=True):
        assert_close(one, due)

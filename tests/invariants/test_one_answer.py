"""P1: all backends agree in outputs, final state and every gradient; second derivatives work."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalogue import CELLS, every_backend
from tests.trial import (
    FEATURES,
    HIDDEN,
    assert_close,
    assert_same,
    outcome,
    random_lengths,
    random_state,
    weighted,
)

from recurra.layers import Recurrent

fast_backends = pytest.mark.parametrize(
    ("row", "backend"),
    [(row, name) for row in CELLS for name in row.backends if name != "reference"],
    ids=str,
)


@fast_backends
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(
    seed=st.integers(0, 10**6),
    batch=st.integers(1, 5),
    time=st.integers(1, 7),
    options=st.sets(st.sampled_from(["lengths", "resets", "reverse"])),
)
@settings(max_examples=25, deadline=None)
def test_backends_agree(row, backend, dtype, seed, batch, time, options):
    torch.manual_seed(seed)
    cell = row.make(FEATURES, HIDDEN).to(dtype)
    inputs, state = torch.randn(batch, time, FEATURES, dtype=dtype), random_state(cell.initial_state(batch))
    given_options = {}
    if "lengths" in options:
        given_options["lengths"] = random_lengths(batch, time)
    if "resets" in options:
        given_options["resets"] = torch.rand(batch, time) < 0.3
    layers = [Recurrent(cell, reverse="reverse" in options, backend=name) for name in ("reference", backend)]
    expected, got = (outcome(layer, inputs, state, **given_options) for layer in layers)
    assert_same(got, expected, row.condition if dtype == torch.float32 else 1.0)


@fast_backends
@pytest.mark.parametrize("options", [{}, {"lengths": torch.tensor([7, 0, 3])}], ids=["dense", "lengths"])
def test_second_derivatives_agree(row, backend, options):
    cell = row.make(FEATURES, HIDDEN).double()
    inputs = torch.randn(3, 7, FEATURES, dtype=torch.float64)
    weights = list(cell.parameters())

    def second(name):
        leaf = inputs.clone().requires_grad_()
        torch.manual_seed(1)  # the same units are zoned out
        outputs, _ = Recurrent(cell, backend=name)(leaf, **options)
        first = torch.autograd.grad(weighted(outputs, 0), [leaf, *weights], create_graph=True)
        return torch.autograd.grad(sum(weighted(g, n) for n, g in enumerate(first)), [leaf, *weights])

    for got, expected in zip(second(backend), second("reference"), strict=True):
        assert_close(got, expected)


@every_backend
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_agree_with_finite_differences(row, backend, reverse):
    cell = row.make(FEATURES, HIDDEN).double().eval()
    layer = Recurrent(cell, reverse=reverse, backend=backend)
    state = random_state(cell.initial_state(3))
    options = {"lengths": torch.tensor([5, 0, 3]), "resets": torch.rand(3, 5) < 0.3}

    def run(inputs, *fields):
        outputs, final = layer(inputs, type(state)(*fields), **options)
        return (outputs, *final)

    leaves = [torch.randn(3, 5, FEATURES, dtype=torch.float64), *state]
    leaves = [leaf.clone().requires_grad_() for leaf in leaves]
    assert torch.autograd.gradcheck(run, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(run, leaves, fast_mode=True)

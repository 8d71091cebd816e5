"""The engine runs two directions at once, and gives the bits of one after the other."""

import copy

import pytest
import torch
from tests.catalogue import every_cell
from tests.trial import BATCH, FEATURES, HIDDEN, TIME, random_input, random_state, weighted
from torch import Tensor
from torch.func import vmap
from torch.utils._python_dispatch import TorchDispatchMode

import recurra
from recurra.cells import GRU, LSTM, Elman, Zoneout
from recurra.errors import ConfigError, ShapeError
from recurra.layers import Bidirectional, BidirectionalState
from recurra.ops.gru import GRUState, GRUWeights, gru
from recurra.ops.op import Direction
from recurra.ops.walk import mapped

pytest.importorskip("recurra.native._engine")

LENGTHS = torch.tensor([7, 0, 3, 5, 1])
RESETS = torch.rand(BATCH, TIME, generator=torch.Generator().manual_seed(5)) < 0.3


class CallsOfTheEngine(TorchDispatchMode):
    """How often the engine ran forward."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func.namespace == "recurra" and not func._opname.endswith("_backward")
        return func(*args, **(kwargs or {}))


def both(layer, *given, **options):
    with CallsOfTheEngine() as engine:
        result = layer(*given, **options)
    return engine.count, result


def one_after_the_other(layer, inputs, state, **options):
    ahead, last = layer.forward_layer(inputs, state.forward, **options)
    back, first = layer.backward_layer(inputs, state.backward, **options)
    return torch.cat([ahead, back], dim=-1), BidirectionalState(last, first)


def everything(outcome, leaves):
    """Outputs, last states, and the gradients of all of them."""
    outputs, (last, first) = outcome
    results = [outputs, *last, *first]
    total = sum(weighted(result, number) for number, result in enumerate(results))
    return results + list(torch.autograd.grad(total, leaves))


@every_cell
@pytest.mark.parametrize("options", [{}, {"lengths": LENGTHS, "resets": RESETS}], ids=["dense", "lengths"])
@pytest.mark.parametrize(
    ("hidden", "features", "dtype"), [(HIDDEN, FEATURES, torch.float32), (33, 9, torch.float64)], ids=str
)
def test_the_same_bits(row, options, hidden, features, dtype):
    cells = [row.make(features, hidden) for _ in range(2)]
    layer = Bidirectional(*cells, recurrent_dropout=0.3, backend="native").to(dtype)
    inputs = torch.randn(BATCH, TIME, features, dtype=dtype, requires_grad=True)
    states = [random_state(cell.initial_state(BATCH)) for cell in cells]
    state = BidirectionalState(*(mapped(Tensor.requires_grad_, state) for state in states))
    leaves = [inputs, *state.forward, *state.backward, *layer.parameters()]
    found = []
    for run in (layer, lambda *given, **options: one_after_the_other(layer, *given, **options)):
        torch.manual_seed(1)
        count, outcome = both(run, inputs, state, **options)
        found.append((count, everything(outcome, leaves)))
    (at_once, got), (in_turn, expected) = found
    assert (at_once, in_turn) == (1, 2)
    for one, two in zip(got, expected, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(("name", "cell"), [("RNN", Elman), ("GRU", GRU), ("LSTM", LSTM)])
def test_drop_ins_run_a_layer_at_once(name, cell):
    layer = getattr(recurra, name)(FEATURES, HIDDEN, 2, bidirectional=True, batch_first=True)
    inputs = random_input(dtype=torch.float32)
    count, (outputs, _) = both(layer, inputs, lengths=LENGTHS)
    assert count == 2, "one call per layer"
    expected, weights = inputs, iter(layer.parameters())
    for size in (FEATURES, 2 * HIDDEN):
        pair = Bidirectional(cell(size, HIDDEN), cell(size, HIDDEN))
        for weight in pair.parameters():
            weight.data = next(weights).data
        expected, _ = one_after_the_other(pair, expected, pair.initial_state(BATCH), lengths=LENGTHS)
    assert torch.equal(outputs, expected)


@pytest.mark.parametrize(
    "cells",
    [
        (GRU(FEATURES, HIDDEN), LSTM(FEATURES, HIDDEN)),
        (GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN + 1)),
        (GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN, bias=False)),
        (GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN, reset_after=False)),
        (GRU(FEATURES, HIDDEN), Zoneout(GRU(FEATURES, HIDDEN), 0.2)),
        (Zoneout(GRU(FEATURES, HIDDEN), 0.3), Zoneout(GRU(FEATURES, HIDDEN), 0.2)),
    ],
)
def test_directions_that_differ_run_one_after_the_other(cells):
    layer, inputs = Bidirectional(*cells), random_input(dtype=torch.float32)
    state = layer.initial_state(BATCH)
    torch.manual_seed(1)
    count, (outputs, final) = both(layer, inputs, lengths=LENGTHS)
    torch.manual_seed(1)
    expected, due = one_after_the_other(layer, inputs, state, lengths=LENGTHS)
    assert count == 2
    assert torch.equal(outputs, expected)
    assert torch.equal(final.backward.hidden, due.backward.hidden)


def test_other_backends_give_the_same():
    layer = Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN)).double()
    inputs = random_input()
    for backend in ("torch", "reference"):
        other = Bidirectional(layer.forward_layer.cell, layer.backward_layer.cell, backend=backend)
        count, (outputs, state) = both(other, inputs, lengths=LENGTHS)
        assert count == 0
        torch.testing.assert_close(outputs, layer(inputs, lengths=LENGTHS)[0])
        assert torch.equal(state.backward.hidden[0], outputs[0, 0, HIDDEN:])


@every_cell
def test_autocast_and_vmap(row):
    layer = Bidirectional(row.make(FEATURES, HIDDEN), row.make(FEATURES, HIDDEN)).eval()
    inputs = random_input(dtype=torch.float32)
    expected, _ = layer(inputs)
    with torch.autocast("cpu", torch.bfloat16):
        count, (outputs, _) = both(layer, inputs.bfloat16())
    assert count == 1
    assert torch.equal(outputs, layer(inputs.bfloat16().float())[0])
    several = torch.stack([inputs, 2 * inputs])
    outputs, _ = vmap(layer)(several)
    assert torch.equal(outputs[0], expected)
    assert torch.equal(outputs[1], layer(2 * inputs)[0])


def test_second_derivatives():
    layer = Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN), backend="native").double()
    inputs = random_input(batch=2, time=4).requires_grad_()
    run = lambda values: layer(values, lengths=torch.tensor([2, 4]))[0]  # noqa: E731
    assert torch.autograd.gradcheck(run, inputs)
    assert torch.autograd.gradgradcheck(run, inputs)


def test_a_wrong_opposite_is_refused():
    cell, inputs = GRU(FEATURES, HIDDEN), random_input(dtype=torch.float32)
    state, weights = cell.initial_state(BATCH), cell.weights()
    with pytest.raises(ConfigError, match="reverse=True with an opposite"):
        gru(inputs, weights, state, reverse=True, opposite=Direction(weights, state))
    without = GRUWeights(weights.weight_ih, weights.weight_hh)
    with pytest.raises(ShapeError, match="an opposite direction with weights of shapes"):
        gru(inputs, weights, state, opposite=Direction(without, state))
    with pytest.raises(ShapeError, match="state field 'hidden'"):
        gru(inputs, weights, state, opposite=Direction(weights, GRUState(state.hidden[1:])))


def test_it_can_be_copied():
    layer = copy.deepcopy(Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN)))
    assert both(layer, random_input(dtype=torch.float32))[0] == 1

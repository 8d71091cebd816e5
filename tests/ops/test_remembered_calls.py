"""A call like one before is not checked anew: it is another call in anything that a check looks at."""

import pytest
import torch

import recurra
from recurra.cells import GRU, LSTM
from recurra.errors import ShapeError
from recurra.layers import Bidirectional, Recurrent, Stack
from recurra.layers.recurrent import unroll
from recurra.ops import op
from recurra.ops.walk import Walk
from recurra.types import check_lengths, placed_lengths

pytest.importorskip("recurra.native._engine")
FEATURES, HIDDEN = 3, 5


def made():
    return recurra.LSTM(FEATURES, HIDDEN, batch_first=True)


def test_an_equal_call_is_remembered_and_gives_the_same_bits():
    layer, inputs = made(), torch.randn(2, 7, FEATURES)
    op.PLANS.clear()
    first = layer(inputs)[0]
    assert len(op.PLANS) == 1
    assert torch.equal(layer(inputs)[0], first)
    assert len(op.PLANS) == 1
    layer(inputs[:, :6])
    assert len(op.PLANS) == 2


def test_what_was_right_does_not_make_the_wrong_right():
    layer, inputs = made(), torch.randn(2, 7, FEATURES)
    lengths, state = torch.tensor([7, 3]), (torch.zeros(1, 2, HIDDEN), torch.zeros(1, 2, HIDDEN))
    for _ in range(2):
        layer(inputs, state, lengths=lengths)
    with pytest.raises(ShapeError, match="between 0 and 7"):
        layer(inputs, state, lengths=lengths + 1)
    with pytest.raises(ShapeError, match=r"torch\.float64"):
        layer(inputs.double(), state, lengths=lengths)
    with pytest.raises(ShapeError, match=r"torch\.float64"):
        layer(inputs, (state[0], state[1].double()), lengths=lengths)


def test_few_are_remembered(monkeypatch):
    monkeypatch.setattr(op, "MOST_PLANS", 3)
    op.PLANS.clear()
    layer = made()
    for steps in range(1, 9):
        layer(torch.randn(2, steps, FEATURES))
        assert 1 <= len(op.PLANS) <= 3


def test_lengths_elsewhere_are_not_waited_for():
    """A tensor on meta has no numbers: to look at them would be an error, as on a GPU a wait."""
    with torch.device("meta"):
        check_lengths(torch.zeros(2, dtype=torch.int64), torch.zeros(2, 7, 3))
        layer = recurra.LSTM(FEATURES, HIDDEN, batch_first=True, backend="reference")
        outputs, _ = layer(torch.zeros(2, 7, FEATURES), lengths=torch.zeros(2, dtype=torch.int64))
    assert outputs.shape == (2, 7, HIDDEN)


def test_lengths_on_a_cpu_follow_the_values():
    """To meta, as they would to a GPU; what is wrong with them is told at once, where they are."""
    values, lengths = torch.zeros(2, 7, 3, device="meta"), torch.tensor([7, 3])
    assert placed_lengths(lengths, values).device == values.device
    assert placed_lengths(lengths, torch.zeros(2, 7, 3)) is lengths
    with pytest.raises(ShapeError, match="between 3 and 8"):
        placed_lengths(lengths + torch.tensor([1, 0]), values)
    with pytest.raises(ShapeError, match="lengths on meta"):
        placed_lengths(lengths.to("meta"), torch.zeros(2, 7, 3))
    with pytest.raises(ShapeError, match="lengths on cpu"):
        check_lengths(lengths, values)


def test_layers_elsewhere_take_lengths_on_a_cpu():
    lengths = torch.tensor([7, 3])
    with torch.device("meta"):
        cell, inputs = GRU(FEATURES, HIDDEN), torch.zeros(2, 7, FEATURES)
        stack = Stack([Recurrent(cell), Bidirectional(LSTM(HIDDEN, 2), LSTM(HIDDEN, 3))], residual=True)
        layers = [made(), stack, lambda one, lengths: unroll(cell, one, cell.initial_state(2), Walk(lengths))]
    for layer in layers:
        for right in (lengths, torch.tensor([7, 7])):
            outputs, _ = layer(inputs, lengths=right)
            assert outputs.shape == (2, 7, HIDDEN)
            assert outputs.is_meta
        with pytest.raises(ShapeError, match="between 3 and 8"):
            layer(inputs, lengths=lengths + torch.tensor([1, 0]))
    assert layers[0](inputs, lengths=[7, 3])[0].is_meta

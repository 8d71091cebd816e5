"""A call like one before is not checked anew: it is another call in anything that a check looks at."""

import pytest
import torch

import recurra
from recurra.errors import ShapeError
from recurra.ops import op
from recurra.types import check_lengths

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

"""Zoneout keeps units in training and takes the expectation in evaluation."""

import pytest
import torch

from recurra.cells import GRU, LSTM, Zoneout
from recurra.errors import ConfigError
from recurra.ops.lstm import LSTMState

RATES = {"hidden": 0.25, "cell": 0.5}


def step_of(cell, batch=500):
    inner = cell.cell
    x = torch.randn(batch, 3)
    state = LSTMState(*(torch.randn_like(field) for field in inner.initial_state(batch)))
    return state, inner(x, state)[1], cell(x, state)[1]


def test_evaluation_is_the_expectation():
    old, proposed, new = step_of(Zoneout(LSTM(3, 5), RATES).eval())
    for rate, before, candidate, after in zip(RATES.values(), old, proposed, new, strict=True):
        torch.testing.assert_close(after, rate * before + (1 - rate) * candidate)


def test_training_keeps_some_units():
    old, proposed, new = step_of(Zoneout(LSTM(3, 5), RATES))
    for rate, before, candidate, after in zip(RATES.values(), old, proposed, new, strict=True):
        kept = after == before
        assert torch.equal(after, torch.where(kept, before, candidate))
        assert abs(kept.float().mean() - rate) < 0.05
        assert kept.any(dim=0).all(), "every unit is kept now and then"
        assert not kept.all(dim=0).any()


def test_a_rate_of_zero_is_the_cell_and_of_one_keeps_everything():
    old, proposed, new = step_of(Zoneout(LSTM(3, 5), {"cell": 1.0}))
    assert torch.equal(new.hidden, proposed.hidden)
    assert torch.equal(new.cell, old.cell)


def test_wrong_rates_are_refused():
    with pytest.raises(ConfigError, match="one of hidden, cell"):
        Zoneout(LSTM(3, 5), {"gate": 0.1})
    with pytest.raises(ConfigError, match="between 0 and 1"):
        Zoneout(GRU(3, 5), 1.5)
    assert "rates=(0.2,)" in repr(Zoneout(GRU(3, 5), 0.2))

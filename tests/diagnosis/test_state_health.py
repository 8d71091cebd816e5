"""States and gates whose condition is known."""

import math

import numpy as np
import pytest
import torch
from tests.diagnosis.toy_net import Linear

from recurra.cells import GRU, LSTM, Elman
from recurra.diagnosis import look, state_health, trace, undisturbed
from recurra.diagnosis.state_health import effective_rank
from recurra.layers import Bidirectional, Recurrent


def passages_of(layer, x, **options):
    with undisturbed(layer):
        return look(layer, lambda: torch.sum(layer(x, **options)[0])).passages


def health_of(layer, x, **options):
    return state_health(passages_of(layer, x, **options)[0])


def test_the_time_constant_of_a_forget_gate():
    cell = LSTM(3, 4, dtype=torch.float64)
    with torch.no_grad():
        for weight in cell.parameters():
            weight.zero_()
        cell.bias_ih[4:8] = torch.tensor([0.0, 1.0, 2.0, 5.0])
    found = health_of(Recurrent(cell), torch.randn(2, 6, 3).double())
    (retention,) = found.retention
    expected = [-1 / math.log(1 / (1 + math.exp(-bias))) for bias in (0, 1, 2, 5)]
    assert retention.gate == "forget_gate"
    np.testing.assert_allclose(retention.steps, expected)
    assert retention.median == pytest.approx((expected[1] + expected[2]) / 2)
    assert found.gates["forget_gate"].high == 0.25
    assert found.gates["forget_gate"].stuck == 0.25
    assert found.gates["input_gate"].mean == 0.5
    assert found.gates["candidate"][1:4] == (0, 0, 0)


def test_an_update_gate_keeps_too():
    found = health_of(Recurrent(GRU(3, 4)), torch.randn(2, 6, 3))
    assert [one.gate for one in found.retention] == ["update_gate"]


def test_saturated_units():
    cell = Elman(3, 4)
    with torch.no_grad():
        cell.bias_ih.copy_(torch.tensor([20.0, -20.0, 0.0, 0.0]))
        cell.weight_hh.zero_(), cell.weight_ih.mul_(0.1)
    found = health_of(Recurrent(cell), torch.rand(2, 6, 3)).gates["candidate"]
    assert (found.low, found.high, found.stuck) == (0.25, 0.25, 0.5)


def test_dead_units():
    cell = Elman(3, 4, nonlinearity="relu")
    with torch.no_grad():
        cell.bias_ih.copy_(torch.tensor([5.0, 5.0, 5.0, -50.0]))
    found = health_of(Recurrent(cell), torch.rand(2, 6, 3)).gates["candidate"]
    assert found.stuck == 0.25
    assert found.low == 0.25


def test_the_rank_of_states():
    line, many = torch.randn(50, 1) * torch.randn(1, 8), torch.linalg.qr(torch.randn(64, 8))[0]
    assert effective_rank(line) == pytest.approx(1, abs=1e-4)
    assert 7 < effective_rank(many) <= 8
    assert effective_rank(torch.ones(5, 8)) == 0


def test_norms_that_drift():
    grows, fades = (Recurrent(Linear(factor * torch.eye(3))) for factor in (1.1, 0.5))
    assert health_of(grows, torch.ones(2, 40, 2)).drift["hidden"] > 3
    assert health_of(fades, torch.ones(2, 40, 2)).drift["hidden"] == pytest.approx(1, abs=0.01)
    assert math.isnan(health_of(grows, torch.ones(2, 3, 2)).drift["hidden"])
    assert health_of(grows, torch.ones(2, 3, 2)).gates == {}


def test_padding_does_not_count():
    layer, x = Recurrent(LSTM(3, 4)).double(), torch.randn(2, 5, 3).double()
    whole = health_of(layer, x[:1])
    padded = health_of(layer, torch.cat([x[:1], torch.full_like(x[:1], 100)], 1), lengths=torch.tensor([5]))
    assert padded.to_dict() == whole.to_dict()


def test_traces_are_in_the_order_of_the_data():
    layer = Bidirectional(LSTM(3, 4), LSTM(3, 4)).double()
    x, lengths = torch.randn(2, 6, 3).double(), torch.tensor([6, 4])
    outputs = layer(x, lengths=lengths)[0].detach().numpy()
    for number, passage in enumerate(passages_of(layer, x, lengths=lengths)):
        found = trace(passage)
        own = outputs[..., 4 * number : 4 * number + 4]
        np.testing.assert_allclose(found.states["hidden"], own, atol=1e-12)
        assert found.gates["forget_gate"].shape == (2, 6, 4)
        assert not found.gates["forget_gate"][1, 4:].any()
        assert found.reverse == bool(number)

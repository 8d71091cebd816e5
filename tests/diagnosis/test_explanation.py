"""Answers to questions about small nets: shares that add up, also where a net leaps."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from recurra.cells import LSTM
from recurra.diagnosis import (
    METHODS,
    Column,
    Question,
    explained,
    halving_gradients,
    log_odds,
    occlusion_map,
    reading_at,
)
from recurra.errors import NonFiniteError
from recurra.layers import Bidirectional, Recurrent

COLUMNS = (Column("a", 2), Column("b"))


class Net(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.output = layer, nn.Linear(layer.output_size, 1)

    def forward(self, steps):
        return self.output(self.layer(steps)[0][:, -1])[:, 0]


def question_about(net, steps):
    function, read = reading_at(net.layer, lambda count: net(steps.expand(count, -1, -1)))
    names = tuple(str(step) for step in range(read.shape[1]))
    return Question(
        "1", "yes", "output", "units", function, read, torch.zeros_like(read), "zeros", names, COLUMNS
    )


@pytest.mark.parametrize(
    "layer",
    [Recurrent(LSTM(3, 5)), Bidirectional(LSTM(3, 4), LSTM(3, 4))],
)
def test_shares_add_up_and_units_are_those_of_the_net(layer):
    net, steps = Net(layer).eval(), torch.randn(1, 7, 3)
    found = explained(net, question_about(net, steps))
    assert found.shares.shape == (7, 2)
    assert found.result == pytest.approx(net(steps).item(), abs=1e-5)
    assert found.without == pytest.approx(net(torch.zeros_like(steps)).item(), abs=1e-5)
    assert found.shares.sum() == pytest.approx(found.result - found.without, rel=0.02, abs=1e-3)
    np.testing.assert_allclose(found.by_step.sum(), found.by_column.sum())
    states = layer(steps)[0][0]
    for unit in found.traces:
        number = unit.unit + (4 if unit.reverse else 0)
        np.testing.assert_allclose(unit.values, states[:, number].detach(), atol=1e-5)
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_the_net_never_reads_gets_nothing():
    net, steps = Net(Recurrent(LSTM(3, 5))).eval(), torch.randn(1, 6, 3)
    with torch.no_grad():
        net.layer.cell.weight_ih[:, 2] = 0
    for method in METHODS:
        found = explained(net, question_about(net, steps), method)
        assert np.abs(found.shares[:, 1]).max() == 0
        assert np.abs(found.shares[:, 0]).max() > 0


def test_a_leap_is_followed_where_even_steps_miss_it():
    function = lambda values: torch.sigmoid(2000 * (values[:, 0, 0] - 0.3137))  # noqa: E731
    found = halving_gradients(function, torch.ones(1, 1, 1).double())
    assert found.difference == pytest.approx(1.0)
    assert abs(found.error) < 0.01


def test_a_function_that_never_changes_and_one_step():
    found = halving_gradients(lambda values: (values * 0).sum(dim=(1, 2)), torch.ones(1, 1, 2))
    assert found.values.tolist() == [[[0, 0]]]
    assert found.error == 0


def test_occlusion_of_a_linear_function_is_its_terms():
    weight, x = torch.randn(5, 3).double(), torch.randn(1, 5, 3).double()
    function = lambda values: (values * weight).sum(dim=(1, 2))  # noqa: E731
    terms = (x * weight)[0].numpy()
    expected = np.stack([terms[:, :2].sum(axis=1), terms[:, 2]], axis=1)
    np.testing.assert_allclose(occlusion_map(function, x, sizes=[2, 1]), expected)
    joined = occlusion_map(function, x, sizes=[3], window=2)
    np.testing.assert_allclose(joined.sum(), terms.sum())
    assert joined[0] == joined[1]


def test_log_odds_are_those_of_the_probability():
    logits = torch.randn(4, 3, 5).double()
    chances = logits.softmax(dim=-1)[..., 2]
    torch.testing.assert_close(log_odds(logits, 2), (chances / (1 - chances)).log())
    torch.testing.assert_close(log_odds(logits.log_softmax(dim=-1), 2), log_odds(logits, 2))
    each = torch.tensor([0, 4, 2])
    torch.testing.assert_close(log_odds(logits, each)[:, 1], log_odds(logits, 4)[:, 1])
    assert log_odds(torch.tensor([[3.0]]), 0).item() == 3


def test_without_recurrence_there_are_no_units_and_nan_is_told():
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 1))
    steps = torch.randn(1, 2, 3)
    asked = Question(
        "1",
        "yes",
        "output",
        "units",
        lambda values: net(values)[:, 0],
        steps,
        torch.zeros_like(steps),
        "zeros",
        ("0", "1"),
        (Column("all", 3),),
    )
    assert explained(net, asked).traces == ()
    with torch.no_grad():
        net[1].weight[0, 0] = torch.nan
    with pytest.raises(NonFiniteError):
        explained(net, asked)

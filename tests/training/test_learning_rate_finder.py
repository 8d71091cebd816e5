"""The range test."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.training.toy import (
    ToyBatch,
    ToyModel,
    ToySource,
    same_bits,
    squared_error,
    toy_config,
    toy_model,
    valid_loss,
    weights,
)

from recurra.errors import ConfigError
from recurra.training.contract import Loss
from recurra.training.learning_rate_finder import LearningRates, find_learning_rate
from recurra.training.loop import fit


def test_the_rate_it_finds_trains_better_than_much_smaller_and_larger_ones() -> None:
    found = find_learning_rate(toy_model(), squared_error, ToySource(8, 16), toy_config(), steps=50)
    assert found.rates == sorted(found.rates)
    assert (found.rates[0], found.rates[-1]) == pytest.approx((1e-6, 1.0))
    losses = []
    for rate in (found.suggestion / 1000, found.suggestion, found.suggestion * 1000):
        model = toy_model()
        fit(model, squared_error, ToySource(8, 16), toy_config(learning_rate=rate, schedule="constant"))
        losses.append(valid_loss(model)["valid_loss"])
    assert losses[1] < min(losses[0], losses[2])


def test_the_suggestion_is_a_tenth_of_where_the_loss_is_lowest() -> None:
    assert LearningRates([1e-3, 1e-2, 1e-1], [3.0, 1.0, 2.0]).suggestion == pytest.approx(1e-3)


def test_model_and_random_generator_are_left_alone() -> None:
    model = toy_model()
    before, state = weights(model), torch.get_rng_state()
    find_learning_rate(model, squared_error, ToySource(), toy_config(devices=2), steps=5)
    assert same_bits(before, weights(model))
    assert torch.equal(state, torch.get_rng_state())
    assert model.training


def exploding(calls: int) -> Any:
    remaining = iter(range(calls))

    def objective(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
        loss = squared_error(model, batch, state)
        return loss if next(remaining, None) is not None else replace(loss, total=loss.total * float("nan"))

    return objective


def test_it_ends_where_the_loss_is_no_number() -> None:
    assert len(find_learning_rate(toy_model(), exploding(3), ToySource(), toy_config()).rates) == 3
    with pytest.raises(ConfigError, match="not finite at learning rate 1e-06"):
        find_learning_rate(toy_model(), exploding(0), ToySource(), toy_config())


@pytest.mark.parametrize("settings", [{"lowest": 0.0}, {"lowest": 2.0}, {"steps": 1}])
def test_an_empty_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Widen the range"):
        find_learning_rate(toy_model(), squared_error, ToySource(), toy_config(), **settings)

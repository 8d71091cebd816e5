"""The baselines of a forecaster: their intervals, and the one that learns."""

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import hourly, integer_series

from recurra.experiment.judge import learn
from recurra.tasks.forecast.baseline import RIDGE, naive
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.task import FORECAST

SMALL = {"max_epochs": 1, "steps_per_epoch": 1, "hidden_size": 4, "base": "none"}


def noise(length: int, seed: int = 0) -> pl.DataFrame:
    return integer_series(np.random.default_rng(seed).normal(50, 3, size=length))


def test_their_intervals_hold_what_they_say_of_noise() -> None:
    forecaster = Forecaster(horizon=4, test_size=300, **SMALL).fit(noise(900))
    models = {model.name: model.scores.overall for model in forecaster.evaluate().models}
    assert RIDGE in models
    for name in ("last_value", "mean", "theta", RIDGE):
        assert models[name]["coverage_80"] == pytest.approx(0.8, abs=0.07)
        assert models[name]["coverage_95"] == pytest.approx(0.95, abs=0.04)
        assert models[name]["wql"] > 0


def test_their_intervals_know_nothing_of_what_is_judged() -> None:
    frame = noise(200)
    changed = frame.with_columns(y=pl.when(pl.col("ds") >= 185).then(pl.col("y") + 500).otherwise("y"))
    widths = []
    for one in (frame, changed):
        forecaster = Forecaster(horizon=4, test_size=16, **SMALL).fit(one)
        part = forecaster._part(*forecaster._held_out(None, None, None, None))
        rivals = {rival.name: rival.answer for rival in naive(None, {}, part)}
        widths.append(
            {name: answer.quantiles[0] - answer.point[0][:, None] for name, answer in rivals.items()}
        )
    for name, width in widths[0].items():
        np.testing.assert_allclose(width, widths[1][name], rtol=1e-9)


def test_ridge_learns_what_the_last_steps_tell() -> None:
    steps = np.arange(300)
    wave = integer_series(np.sin(steps * 0.7) + 0.3 * np.sin(steps * 0.31))
    scores = Forecaster(horizon=5, **SMALL).fit(wave).evaluate().scores
    assert scores[RIDGE]["mase"] < 0.1 * min(scores[name]["mase"] for name in ("theta", "last_value"))


def test_too_little_to_learn_from_is_no_ridge() -> None:
    prepared = FORECAST.prepare(FORECAST.read(hourly({"a": 13}), {"horizon": 3, **SMALL}, None, None))
    assert RIDGE not in learn(FORECAST, prepared)

"""A forecaster learns what there is to learn."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import integer_series, seasonal

from recurra.metrics.forecast_baseline import BASELINES
from recurra.tasks.forecast.forecaster import Forecaster

SEASON, HORIZON = 6, 6


def trained(frame: pl.DataFrame, **settings: Any) -> Forecaster:
    usual = {
        "max_epochs": 6,
        "steps_per_epoch": 20,
        "batch_size": 24,
        "hidden_size": 20,
        "averaging": "none",
        "learning_rate": 1e-2,
    }
    shape = {"season_length": SEASON, "context": 24}
    return Forecaster(HORIZON, **{**shape, **usual, **settings}).fit(frame)


@pytest.mark.parametrize("settings", [
    {"linear": False, "dropout": 0.0}, {"network": "feed_forward", "linear": False, "dropout": 0.0},
    {"network": "convolutional", "linear": False, "dropout": 0.0},
], ids=str)  # fmt: skip
def test_a_season_with_a_trend_is_learnt(settings: dict[str, Any]):
    scores = trained(integer_series(seasonal(300)), **settings).evaluate().scores
    best = min(scores[name]["mae"] for name in BASELINES)
    assert scores["recurra"]["mae"] < 0.5 * best


def test_several_series_of_different_size_share_what_is_learnt():
    frames = [
        integer_series(size * seasonal(length) + level).with_columns(unique_id=pl.lit(name))
        for name, size, length, level in (("a", 1.0, 300, 0.0), ("b", 1e6, 240, 5e6), ("c", 1e-4, 180, -1e-3))
    ]
    result = trained(pl.concat(frames)).evaluate()
    network, naive = (
        next(one for one in result.models if one.name == name) for name in ("recurra", "seasonal_naive")
    )
    assert (network.scores.per_series["mase"] < 0.6 * naive.scores.per_series["mase"]).all()


NOISE: dict[str, Any] = {"hidden_size": 8, "linear": False, "context": 36, "batch_size": 48}


def test_intervals_hold_their_share_of_gaussian_noise():
    values = np.random.default_rng(3).normal(5, 2, size=1500)
    scores = trained(integer_series(values), test_size=400, **NOISE).evaluate().scores["recurra"]
    for level in (50, 80, 90, 95):
        assert scores[f"coverage_{level}"] == pytest.approx(level / 100, abs=0.08)
    assert scores["width_80"] == pytest.approx(2 * 1.2816 * 2, rel=0.2)
    assert scores["rmse"] == pytest.approx(2, rel=0.1)


def test_counts_are_covered_by_their_intervals():
    values = np.random.default_rng(3).poisson(6, size=1000)
    forecaster = trained(integer_series(values), head="negative_binomial", test_size=250, **NOISE)
    scores = forecaster.evaluate().scores["recurra"]
    assert scores["coverage_80"] == pytest.approx(0.85, abs=0.1)
    assert scores["mae"] < 1.1 * np.abs(values - np.median(values)).mean()

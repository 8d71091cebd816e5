"""Scores of forecasts against plain loops, and what must hold for any of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import DataError
from recurra.metrics.forecast import (
    OwaReference,
    forecast_scores,
    interval_levels,
    owa,
    pinball_loss,
    smape_terms,
)

WINDOWS, HORIZON, SERIES = 7, 5, 3


def example(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "truth": rng.normal(10, 5, (WINDOWS, HORIZON)),
        "forecast": rng.normal(10, 5, (WINDOWS, HORIZON)),
        "observed": rng.random((WINDOWS, HORIZON)) < 0.7,
        "series": np.array([0, 0, 1, 2, 2, 2, 1]),
        "scale": np.array([2.0, 0.5, 7.0]),
    }


def quantiles_of(data, seed=1):
    rng = np.random.default_rng(seed)
    half = rng.uniform(0.5, 6, data["truth"].shape)
    middle = data["forecast"]
    return {
        0.1: middle - half,
        0.25: middle - half / 2,
        0.5: middle,
        0.9: middle + half,
        0.75: middle + half / 2,
    }


def points(data):
    """Every observed point as (series, step, truth, forecast), by a plain loop."""
    return [
        (int(data["series"][w]), h, float(data["truth"][w, h]), float(data["forecast"][w, h]))
        for w in range(WINDOWS)
        for h in range(HORIZON)
        if data["observed"][w, h]
    ]


def average(values):
    values = list(values)
    return sum(values) / len(values)


def test_scores_equal_plain_loops():
    data = example()
    found = forecast_scores(**data, reference=OwaReference(smape=50, mase=3))
    all_points = points(data)
    assert found.overall["mae"] == pytest.approx(average(abs(y - f) for _, _, y, f in all_points))
    assert found.overall["rmse"] == pytest.approx(
        math.sqrt(average((y - f) ** 2 for _, _, y, f in all_points))
    )
    smape, mase = [], []
    for s in range(SERIES):
        own = [(y, f) for series, _, y, f in all_points if series == s]
        smape.append(average(200 * abs(y - f) / (abs(y) + abs(f)) for y, f in own))
        mase.append(average(abs(y - f) for y, f in own) / data["scale"][s])
        assert found.per_series["mae"][s] == pytest.approx(average(abs(y - f) for y, f in own))
        assert found.per_series["rmse"][s] == pytest.approx(math.sqrt(average((y - f) ** 2 for y, f in own)))
    np.testing.assert_allclose(found.per_series["smape"], smape)
    np.testing.assert_allclose(found.per_series["mase"], mase)
    assert found.overall["smape"] == pytest.approx(average(smape))
    assert found.overall["mase"] == pytest.approx(average(mase))
    assert found.overall["owa"] == pytest.approx((average(smape) / 50 + average(mase) / 3) / 2)
    for h in range(HORIZON):
        own = [(s, y, f) for s, step, y, f in all_points if step == h]
        assert found.by_step["mae"][h] == pytest.approx(average(abs(y - f) for _, y, f in own))
        assert found.by_step["rmse"][h] == pytest.approx(math.sqrt(average((y - f) ** 2 for _, y, f in own)))
        assert found.by_step["mase"][h] == pytest.approx(
            average(abs(y - f) / data["scale"][s] for s, y, f in own)
        )


def test_quantile_scores_equal_plain_loops():
    data = example()
    quantiles = quantiles_of(data)
    found = forecast_scores(**data, quantiles=quantiles)
    loss, size, inside, width = 0.0, 0.0, [], []
    for w, h in zip(*np.nonzero(data["observed"]), strict=True):
        y = data["truth"][w, h]
        size += abs(y)
        for q, forecast in quantiles.items():
            over = forecast[w, h] - y
            loss += 2 * ((1 - q) * over if over > 0 else -q * over) / len(quantiles)
        inside.append(quantiles[0.1][w, h] <= y <= quantiles[0.9][w, h])
        width.append(quantiles[0.9][w, h] - quantiles[0.1][w, h])
    assert found.overall["wql"] == pytest.approx(loss / size)
    assert found.overall["coverage_80"] == pytest.approx(average(inside))
    assert found.overall["width_80"] == pytest.approx(average(width))
    assert {"coverage_50", "width_50"} < set(found.per_series)
    assert found.overall["coverage_50"] <= found.overall["coverage_80"]


@given(st.integers(0, 10_000))
def test_masked_points_change_nothing(seed):
    data = example(seed)
    data["observed"][np.arange(SERIES), 0] = True
    quantiles = quantiles_of(data)
    found = forecast_scores(**data, quantiles=quantiles)
    data["truth"][~data["observed"]] = np.nan
    data["forecast"][~data["observed"]] = np.inf
    for forecast in quantiles.values():
        forecast[~data["observed"]] = -np.inf
    again = forecast_scores(**data, quantiles=quantiles)
    assert found.overall == again.overall


@given(st.floats(0.01, 1000), st.integers(0, 10_000))
def test_units_do_not_matter_to_relative_scores(factor, seed):
    data = example(seed)
    quantiles = quantiles_of(data)
    found = forecast_scores(**data, quantiles=quantiles).overall
    for name in ("truth", "forecast", "scale"):
        data[name] = data[name] * factor
    scaled = forecast_scores(**data, quantiles={q: f * factor for q, f in quantiles.items()}).overall
    for name in ("mase", "smape", "wql"):
        assert scaled[name] == pytest.approx(found[name])
    assert scaled["mae"] == pytest.approx(found["mae"] * factor)


def test_a_perfect_forecast_scores_zero():
    data = example()
    data["forecast"] = data["truth"]
    found = forecast_scores(**data, quantiles=dict.fromkeys((0.1, 0.5, 0.9), data["truth"])).overall
    assert found.pop("coverage_80") == 1
    assert set(found.values()) == {0}


def test_order_of_windows_does_not_matter():
    data = example()
    order = np.random.default_rng(2).permutation(WINDOWS)
    shuffled = {name: array[order] if name != "scale" else array for name, array in data.items()}
    assert forecast_scores(**shuffled).overall == pytest.approx(forecast_scores(**data).overall)


def test_series_without_scale_or_points_are_left_out():
    data = example()
    data["scale"] = np.array([2.0, np.nan, 7.0, 1.0])
    found = forecast_scores(**data)
    assert np.isnan(found.per_series["mase"][[1, 3]]).all()
    assert np.isnan(found.per_series["mae"][3])
    assert found.overall["mase"] == pytest.approx(np.mean(found.per_series["mase"][[0, 2]]))
    assert np.isfinite(found.by_step["mase"]).all()
    rows = found.rows(["a", "b", "c", "d"])
    assert [row["unique_id"] for row in rows] == ["a", "b", "c", "d"]
    assert rows[1]["mase"] is None
    assert rows[1]["mae"] == found.per_series["mae"][1]


def test_no_scale_at_all_gives_nan_not_a_warning():
    data = example()
    data["scale"] = np.full(SERIES, np.nan)
    found = forecast_scores(**data)
    assert math.isnan(found.overall["mase"])
    assert np.isfinite(found.overall["smape"])


def test_smape_of_zero_against_zero_is_zero():
    terms = smape_terms(np.array([0.0, 0.0, 3.0, -2.0]), np.array([0.0, 5.0, 3.0, 2.0]))
    np.testing.assert_array_equal(terms, [0, 200, 0, 200])


@given(st.floats(0.01, 0.99), st.integers(0, 10_000))
def test_pinball_loss_is_least_at_the_quantile(q, seed):
    sample = np.random.default_rng(seed).normal(size=501)
    at_quantile = pinball_loss(sample, np.full(501, np.quantile(sample, q, method="inverted_cdf")), q).mean()
    for other in (-1.0, 0.0, 0.7):
        assert at_quantile <= pinball_loss(sample, np.full(501, other), q).mean() + 1e-12


def test_owa_of_the_reference_is_one():
    assert owa(13.0, 2.0, OwaReference(13.0, 2.0)) == 1
    assert math.isnan(owa(13.0, 2.0, OwaReference(0.0, 2.0)))
    assert math.isnan(owa(13.0, 2.0, OwaReference(13.0, 0.0)))


def test_interval_levels_pair_symmetric_quantiles_narrowest_first():
    assert interval_levels([0.025, 0.1, 0.3, 0.5, 0.9, 0.975]) == {80: (0.1, 0.9), 95: (0.025, 0.975)}
    assert list(interval_levels([0.9, 0.975, 0.025, 0.1])) == [80, 95]
    assert interval_levels([0.5]) == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": np.zeros((WINDOWS, HORIZON), dtype=bool)}, "no point"),
        ({"series": np.array([0, 0, 1, 2, 2, 3, 1])}, "0 to 3"),
        ({"forecast": np.full((WINDOWS, HORIZON), np.nan)}, "forecast has 35 values"),
        ({"truth": np.full((WINDOWS, HORIZON), np.inf)}, "truth has 35 values"),
        ({"quantiles": {1.5: np.zeros((WINDOWS, HORIZON))}}, "quantile 1.5"),
    ],
)
def test_bad_input_is_refused(change, message):
    data = example() | {"observed": np.ones((WINDOWS, HORIZON), dtype=bool)}
    with pytest.raises(DataError, match=message):
        forecast_scores(**(data | change))

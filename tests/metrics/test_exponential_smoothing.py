"""Exponential smoothing of many windows, against loops over one that read like the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.metrics import exponential_smoothing as smoothing
from recurra.metrics.naive2 import is_seasonal, seasonal_indices

FUNCTIONS = [
    smoothing.theta,
    smoothing.theta_additive,
    smoothing.damped_trend,
    smoothing.damped_trend_additive,
]


def plain_theta(values, horizon):
    """Of a series without season and gaps."""
    errors, levels = [], []
    for share in smoothing._LEVELS:
        level, error = values[0], 0.0
        for value in values[1:]:
            error += (value - level) ** 2
            level += share * (value - level)
        errors.append(error)
        levels.append(level)
    best = int(np.argmin(errors))
    share, count = smoothing._LEVELS[best], len(values)
    slope = np.polyfit(np.arange(count), values, 1)[0] if count > 2 else 0.0
    ahead = np.arange(horizon) + 1 / share - (1 - share) ** count / share
    return levels[best] + slope / 2 * ahead


def plain_damped_trend(values, horizon):
    """Of a series without season and gaps."""
    best = None
    start = np.polyfit(np.arange(len(values[:9])), values[:9], 1)[0] if len(values) > 2 else 0.0
    for of_level in smoothing._LEVELS[1::2]:
        for of_trend in smoothing._TRENDS:
            for damping in smoothing._DAMPING:
                level, trend, error = values[0], start, 0.0
                for value in values[1:]:
                    ahead = level + damping * trend
                    off = value - ahead
                    error += off**2
                    level, trend = ahead + of_level * off, damping * trend + of_level * of_trend * off
                if best is None or error < best[0] * (1 - 1e-12):
                    best = (error, level, trend, damping)
    _, level, trend, damping = best
    return level + trend * np.cumsum(damping ** np.arange(1, horizon + 1))


def all_known(history):
    return np.ones(history.shape, dtype=bool)


@given(st.integers(0, 10_000), st.integers(1, 25), st.integers(1, 9))
def test_without_season_and_gaps_they_equal_a_plain_loop(seed, context, horizon):
    history = np.random.default_rng(seed).normal(5, 2, (3, context)).cumsum(axis=1)
    for function, plain in ((smoothing.theta, plain_theta), (smoothing.damped_trend, plain_damped_trend)):
        found = function(history, all_known(history), horizon, 1)
        np.testing.assert_allclose(found, [plain(row, horizon) for row in history], rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("season", [2, 4, 7, 12])
def test_the_season_is_that_of_the_classical_decomposition(season):
    random = np.random.default_rng(season)
    cycles = 6
    pattern = 1 + 0.5 * np.sin(2 * np.pi * np.arange(season) / season) + np.arange(season) / season
    history = (
        np.tile(pattern, cycles)
        * (20 + 0.05 * np.arange(season * cycles))
        * random.normal(1, 0.01, season * cycles)
    )
    assert is_seasonal(history, season)
    found = smoothing._season(history[None], all_known(history[None]), season, season, factors=True)
    assert found.multiplies.all()
    np.testing.assert_allclose(found.ahead[0], seasonal_indices(history, season), rtol=1e-12)
    without = plain_theta(history / np.tile(found.ahead[0], cycles), season)
    np.testing.assert_allclose(
        smoothing.theta(history[None], all_known(history[None]), season, season)[0],
        without * found.ahead[0],
        rtol=1e-9,
    )


@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(20, 60))
def test_windows_are_seasonal_as_naive2_says(seed, season, context):
    random = np.random.default_rng(seed)
    wave = random.uniform(0, 2) * np.sin(2 * np.pi * np.arange(context) / season)
    history = 3 + wave + random.normal(size=context)
    found = smoothing._are_seasonal(history[None], all_known(history[None]), season)[0]
    if context >= 3 * season:
        assert found == is_seasonal(history, season)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_line_and_a_season_go_on(function):
    time = np.arange(60)
    pattern = np.array([1.0, 4.0, 2.0, 3.0, 2.5, 1.5])
    history = 10 + np.tile(pattern, 10) + 1e-3 * time
    found = function(history[None], all_known(history[None]), 12, 6)[0]
    np.testing.assert_allclose(found, 10 + np.tile(pattern, 2) + 1e-3 * np.arange(60, 72), atol=0.05)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_window_does_not_depend_on_its_neighbours_nor_on_what_stands_in_gaps(function):
    random = np.random.default_rng(0)
    history = 20 + random.normal(size=(5, 40)).cumsum(axis=1)
    observed = random.random(history.shape) < 0.8
    observed[3, :25] = False
    together = function(history, observed, 6, 7)
    assert np.isfinite(together).all()
    for row in range(len(history)):
        garbage = np.where(observed[row], history[row], 1e6)[None]
        np.testing.assert_allclose(function(garbage, observed[[row]], 6, 7)[0], together[row], rtol=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("unit", [2.0**-40, 1.0, 2.0**30])
def test_forecasts_follow_the_unit_of_the_history(function, unit):
    history = 20 + np.random.default_rng(1).normal(size=(4, 36)).cumsum(axis=1)
    one = function(history, all_known(history), 6, 12)
    np.testing.assert_allclose(function(unit * history, all_known(history), 6, 12), unit * one, rtol=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_little_to_go_by_gives_what_there_is(function):
    history = np.array([[0.0, 0.0, 7.0], [1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
    observed = np.array([[False, False, True], [False, False, False], [True, True, True]])
    found = function(history, observed, 2, 12)
    np.testing.assert_allclose(found[0], [7, 7], atol=1e-12)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[2], [5, 5], atol=1e-9)

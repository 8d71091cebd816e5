"""Naive2: what it assumes it forecasts exactly, and the season test decides as it should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import DataError
from recurra.metrics.naive2 import is_seasonal, naive2, seasonal_indices

FIGURE = np.array([0.5, 1.5, 1.25, 0.75, 1.0])


@given(st.integers(15, 40), st.floats(0.1, 1000))
def test_a_level_times_a_season_is_forecast_exactly(length, level):
    series = level * np.tile(FIGURE, 12)
    np.testing.assert_allclose(naive2(series[:length], 9, 5), series[length : length + 9])


@pytest.mark.parametrize("season", [4, 5])
def test_indices_equal_a_plain_decomposition(season):
    series = np.random.default_rng(0).uniform(1, 9, 23)
    half = season // 2
    ratios = {i: [] for i in range(season)}
    for t in range(half, 23 - half):
        around = series[t - half : t + half + 1].copy()
        if season % 2 == 0:
            around[[0, -1]] /= 2
        ratios[t % season].append(series[t] / (around.sum() / season))
    means = np.array([np.mean(ratios[i]) for i in range(season)])
    np.testing.assert_allclose(seasonal_indices(series, season), means / means.mean())


def test_the_season_test_needs_a_season():
    rng = np.random.default_rng(0)
    noise = rng.normal(10, 1, 120)
    assert is_seasonal(noise + 3 * np.tile(FIGURE, 24), 5)
    assert not is_seasonal(noise, 5)
    assert not is_seasonal(np.full(120, 3.0), 5)
    assert not is_seasonal(np.tile(FIGURE, 2), 5)
    assert not is_seasonal(noise, 1)


def test_the_season_test_errs_in_a_tenth_of_all_noise():
    rng = np.random.default_rng(1)
    share = np.mean([is_seasonal(rng.normal(size=200), 7) for _ in range(1000)])
    assert 0.06 < share < 0.14


@pytest.mark.parametrize("shift", [-1.0, -0.5])
def test_without_season_or_positive_values_it_is_the_last_value(shift):
    series = np.tile(FIGURE, 6) + shift
    np.testing.assert_array_equal(naive2(series, 7, 5), np.full(7, series[-1]))
    np.testing.assert_array_equal(naive2(np.arange(1.0, 10.0), 3, 1), np.full(3, 9.0))


def test_missing_values_are_filled_along_a_line():
    series = np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    np.testing.assert_array_equal(naive2(series, 2, 1), [5, 5])
    with pytest.raises(DataError, match="no observed value"):
        naive2(np.full(5, np.nan), 2, 1)

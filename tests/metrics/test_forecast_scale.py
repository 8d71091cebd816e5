"""The scale of MASE against a plain loop, and its fallbacks."""

import numpy as np
import pytest

from recurra.errors import DataError
from recurra.metrics.forecast_scale import in_sample_scale


def test_equals_a_plain_loop_with_missing_values():
    series = np.random.default_rng(0).normal(size=37)
    series[[4, 11, 30]] = np.nan
    errors = [abs(series[t] - series[t - 7]) for t in range(7, 37) if not np.isnan(series[t] - series[t - 7])]
    found = in_sample_scale([series], 7)
    assert found.values[0] == pytest.approx(sum(errors) / len(errors))
    assert found.seasons[0] == 7
    assert found.notes == ()


def test_falls_back_to_the_last_value_then_to_nothing():
    short, periodic = np.array([1.0, 3.0, 2.0]), np.tile([1.0, 4.0, 6.0, 0.0, 2.0], 3)
    constant, missing = np.full(20, 5.0), np.full(20, np.nan)
    usable = np.arange(20.0)
    found = in_sample_scale([short, periodic, constant, missing, usable], 5)
    np.testing.assert_array_equal(found.seasons, [1, 1, 0, 0, 5])
    assert found.values[0] == 1.5
    assert found.values[4] == 5
    assert np.isnan(found.values[2:4]).all()
    assert "2 of 5 series is scaled by the error of the last value" in found.notes[0]
    assert "leaves out 2 of 5" in found.notes[1]


def test_season_one_is_no_fallback():
    assert in_sample_scale([np.array([1.0, 2.0, 4.0])], 1).notes == ()


def test_float32_series_lose_nothing():
    series = np.array([1e6, 1e6 + 1, 1e6 + 3], dtype=np.float32)
    assert in_sample_scale([series], 1).values[0] == 1.5


def test_a_season_below_one_is_refused():
    with pytest.raises(DataError, match="season is 0"):
        in_sample_scale([np.arange(5.0)], 0)

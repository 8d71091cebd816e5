"""Each baseline against a plain loop that reads like its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recurra.errors import ConfigError, DataError
from recurra.metrics.forecast_baseline import BASELINES, baseline


def plain_last_value(values, horizon, season):
    return [values[max(values)]] * horizon


def plain_seasonal_naive(values, horizon, season, context):
    forecast = []
    for step in range(context, context + horizon):
        back = step - season
        while back not in values and back >= 0:
            back -= season
        forecast.append(values.get(back, values[max(values)]))
    return forecast


def plain_drift(values, horizon, season, context):
    first, last = min(values), max(values)
    slope = (values[last] - values[first]) / (last - first) if last > first else 0
    return [values[last] + slope * (step - last) for step in range(context, context + horizon)]


def plain_mean(values, horizon, season):
    return [sum(values.values()) / len(values)] * horizon


def plain(name, values, horizon, season, context):
    if not values:
        return [np.nan] * horizon
    function = globals()[f"plain_{name}"]
    extra = (context,) if name in ("seasonal_naive", "drift") else ()
    return function(values, horizon, season, *extra)


@given(
    st.data(),
    st.sampled_from(["last_value", "seasonal_naive", "drift", "mean"]),
    st.integers(1, 12),
    st.integers(1, 7),
    st.integers(1, 9),
)
def test_equals_a_plain_loop(data, name, context, season, horizon):
    shape = (3, context)
    history = data.draw(arrays.arrays(np.float64, shape, elements=st.floats(-100, 100)))
    observed = data.draw(arrays.arrays(np.bool_, shape))
    found = baseline(name)(np.where(observed, history, np.nan), observed, horizon, season)
    expected = [
        plain(name, {t: row[t] for t in range(context) if seen[t]}, horizon, season, context)
        for row, seen in zip(history, observed, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("name", BASELINES)
def test_hidden_values_change_nothing(name):
    history = np.arange(14.0).reshape(2, 7)
    observed = np.ones((2, 7), dtype=bool)
    observed[0, [2, 6]] = observed[1, :3] = False
    other = np.where(observed, history, -1e9)
    np.testing.assert_array_equal(
        baseline(name)(history, observed, 5, 3), baseline(name)(other, observed, 5, 3)
    )


def test_the_right_series_are_forecast_exactly():
    """Each baseline is without error on the kind of series that it assumes."""
    time = np.arange(31.0)
    truth = {
        "last_value": np.full(31, 4.0),
        "mean": np.full(31, 4.0),
        "seasonal_naive": np.tile([3.0, 1.0, 7.0, 5.0, 2.0], 7)[:31],
        "drift": 2.5 * time - 7,
    }
    for name, series in truth.items():
        forecast = baseline(name)(series[None, :20], np.ones((1, 20), dtype=bool), 11, 5)
        np.testing.assert_allclose(forecast[0], series[20:])


@pytest.mark.parametrize("name", BASELINES)
def test_no_history_gives_nan(name):
    assert np.isnan(baseline(name)(np.empty((2, 0)), np.empty((2, 0), dtype=bool), 3, 5)).all()
    unseen = baseline(name)(np.ones((2, 7)), np.zeros((2, 7), dtype=bool), 3, 5)
    assert unseen.shape == (2, 3)
    assert np.isnan(unseen).all()


@pytest.mark.parametrize(("horizon", "season", "message"), [(0, 1, "horizon is 0"), (3, 0, "season is 0")])
def test_settings_below_one_are_refused(horizon, season, message):
    with pytest.raises(DataError, match=message):
        baseline("drift")(np.ones((2, 7)), np.ones((2, 7), dtype=bool), horizon, season)


def test_an_unknown_name_lists_the_names():
    with pytest.raises(ConfigError, match="last_value, seasonal_naive, drift, mean"):
        baseline("naive")

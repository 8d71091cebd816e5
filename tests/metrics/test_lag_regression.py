"""Regression on lags: it finds a linear rule, and looks through gaps."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from recurra.metrics.lag_regression import fit_lag_regression


def windows(count=400, lags=6, horizon=3, seed=0):
    random = np.random.default_rng(seed)
    rule = random.normal(size=(lags, horizon)) / lags
    history = random.normal(size=(count, lags)).cumsum(axis=1)
    away = history - history[:, -1:]
    return history, np.ones(history.shape, dtype=bool), history[:, -1:] + away @ rule, rule


def test_a_linear_rule_is_found():
    history, known, future, rule = windows()
    found = fit_lag_regression(history, known, future, penalty=1e-9)
    np.testing.assert_allclose(found.weights[:-1], rule[:-1], atol=1e-5)
    np.testing.assert_allclose(found.forecast(history, known, 3, 1), future, atol=1e-5)


def test_the_penalty_is_that_of_ridge_regression():
    history, known, future, _ = windows()
    future = future + np.random.default_rng(1).normal(size=future.shape)
    away = history - history[:, -1:]
    unit = np.maximum(away.std(axis=1, keepdims=True), 0.1 * np.median(away.std(axis=1)))
    inputs, wanted = away / unit, (future - history[:, -1:]) / unit
    penalty = 0.1 * np.trace(inputs.T @ inputs) / inputs.shape[1]
    ridge = Ridge(alpha=penalty, fit_intercept=False).fit(inputs, wanted)
    found = fit_lag_regression(history, known, future, penalty=0.1)
    np.testing.assert_allclose(found.weights, ridge.coef_.T, atol=1e-8)


@pytest.mark.parametrize("level", [0.0, 1e9])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_level_and_unit_of_the_data_do_not_matter(level, unit):
    history, known, future, _ = windows()
    one = fit_lag_regression(history, known, future, penalty=0.01)
    moved = fit_lag_regression(unit * (level + history), known, unit * (level + future), penalty=0.01)
    np.testing.assert_allclose(moved.weights, one.weights, atol=1e-5)


def test_gaps_take_the_value_before_them_and_what_stands_in_them_counts_nothing():
    history, known, future, _ = windows()
    found = fit_lag_regression(history, known, future, penalty=0.01)
    known[0, [0, 3]] = False
    known[1] = False
    filled = history.copy()
    filled[0, 0], filled[0, 3] = history[0, 1], history[0, 2]
    garbage = np.where(known, history, 1e6)
    forecast = found.forecast(garbage, known, 3, 1)
    np.testing.assert_allclose(forecast[0], found.forecast(filled[:1], np.ones((1, 6), bool), 3, 1)[0])
    assert np.isnan(forecast[1]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("varying", [0, 1, 6])
def test_flat_histories_do_not_outweigh_the_others(varying):
    history = np.zeros((20, 4))
    history[:varying, 1] = 1.0
    future = 1e6 * np.random.default_rng(0).normal(size=(20, 3))
    weights = fit_lag_regression(history, np.ones(history.shape, bool), future, penalty=0.01).weights
    assert np.isfinite(weights).all()
    np.testing.assert_array_equal(weights[[0, 2, 3]], 0)


def test_a_longer_or_shorter_history_is_read_from_its_end():
    history, known, future, _ = windows()
    found = fit_lag_regression(history, known, future, penalty=0.01)
    longer = np.concatenate([np.full((400, 5), 9.0), history], axis=1)
    np.testing.assert_array_equal(
        found.forecast(longer, np.ones(longer.shape, bool), 3, 1), found.forecast(history, known, 3, 1)
    )
    assert np.isfinite(found.forecast(history[:, -2:], known[:, -2:], 2, 1)).all()

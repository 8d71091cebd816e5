"""Ridge regression on the last steps of windows: fitted to a part of some series, judged on what follows."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from recurra.inputs.series.origin import Origins, rolling_origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.window import history_before, targets_after
from recurra.metrics.lag_regression import LagRegression, fit_lag_regression

Errors = Float[np.ndarray, "windows horizon"]

_MOST_WINDOWS = 20_000  # that the regression is fitted to
_FOLDS = 4  # times that the regression is fitted anew while they are compared


def fit_regression(
    panel: Panel, ends: Int64[np.ndarray, " series"], *, horizon: int, lags: int, penalty: float
) -> LagRegression | None:
    """A regression on the last `lags` steps, of all windows before `ends`; None where there are too few."""
    first = np.minimum(lags // 2, np.maximum(ends - horizon, 0))
    count = int(np.maximum(ends - first - horizon + 1, 0).sum())
    origins = rolling_origins(np.maximum(first, 1), ends, horizon, max(1, count // _MOST_WINDOWS))
    if not len(origins.series):
        return None
    future = targets_after(panel, origins, horizon)
    history, known = history_before(panel, origins, lags)
    whole = np.isfinite(future).all(axis=1) & (known.mean(axis=1) >= 0.5)
    if whole.sum() < 8:
        return None
    return fit_lag_regression(history[whole], known[whole], future[whole], penalty=penalty)


def regression_errors(
    fit: Callable[[Int64[np.ndarray, " series"]], LagRegression | None],
    panel: Panel,
    origins: Origins,
    end: Int64[np.ndarray, " series"],
    truth: Errors,
) -> Errors:
    """Errors of a regression that has seen nothing of what it forecasts."""
    errors: Errors = np.full(truth.shape, np.nan)
    for cut, inside in folds(origins, end):
        found = fit(cut)
        if found is None:
            continue
        own = Origins(*(values[inside] for values in origins))
        history, known = history_before(panel, own, found.lags)
        forecast = found.forecast(history, known, truth.shape[1], panel.season_length)
        errors[inside] = forecast - truth[inside]
    return errors


def folds(origins: Origins, end: Int64[np.ndarray, " series"]) -> Iterator[tuple[Any, Any]]:
    """Ends to fit before, and the origins from each to the next."""
    share = origins.position / end[origins.series]
    edges = np.linspace(1 / 3, 1, _FOLDS + 1)
    for low, high in pairwise(edges):
        inside = (share >= low) & (share < high) if low > edges[0] else share < high
        if inside.any():
            lowest = end.copy()
            np.minimum.at(lowest, origins.series[inside], origins.position[inside])
            yield lowest, inside

"""Naive2, the reference of the M4 competition: the last value, adjusted for the season where there is one."""

import numpy as np
from jaxtyping import Float

from recurra.errors import DataError

CRITICAL_VALUE = 1.645
"""Two-sided 90 percent point of the normal distribution."""


def naive2(series: Float[np.ndarray, "time"], horizon: int, season: int) -> Float[np.ndarray, "{horizon}"]:
    """Forecast one series as Naive2 does.

    Where the series is seasonal (`is_seasonal`) and positive, it is divided by its multiplicative seasonal
    indices, the last adjusted value is repeated, and multiplied by the indices again; elsewhere the last
    value is repeated.

    Args:
        series: Values, oldest first; NaN = missing, filled along a straight line (the decomposition needs
            all).
        horizon: Steps ahead.
        season: Steps in a season.

    Returns:
        The forecast, float64.

    Raises:
        DataError: No value is observed.

    Source: Makridakis, Spiliotis and Assimakopoulos (2020), and the competition's own R code
    (Mcompetitions/M4-methods).
    """
    values = _filled(series.astype(np.float64))
    forecast: Float[np.ndarray, "{horizon}"] = np.repeat(values[-1], horizon)
    if not is_seasonal(values, season) or values.min() <= 0:
        return forecast
    indices = seasonal_indices(values, season)
    ahead = (len(values) + np.arange(horizon)) % season
    adjusted = forecast / indices[(len(values) - 1) % season]
    forecast = adjusted * indices[ahead]
    return forecast


def is_seasonal(series: Float[np.ndarray, "time"], season: int) -> bool:
    """Whether the autocorrelation at the lag of one season is significant at 90 percent.

    False for a season of 1, a series shorter than three seasons, and a constant one. The standard error is
    Bartlett's: sqrt((1 + 2 * sum of the squared autocorrelations at shorter lags) / length).
    """
    if season < 2 or len(series) < 3 * season:
        return False
    centred = series - series.mean()
    variance = centred @ centred
    if variance == 0:
        return False
    correlation = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, season + 1)]) / variance
    error = np.sqrt((1 + 2 * np.sum(correlation[:-1] ** 2)) / len(series))
    return bool(abs(correlation[-1]) > CRITICAL_VALUE * error)


def seasonal_indices(series: Float[np.ndarray, "time"], season: int) -> Float[np.ndarray, "{season}"]:
    """Multiplicative seasonal indices by classical decomposition; index i is of times t with t % season == i.

    The trend is a centred moving average over one season (with half weights at both ends when it is even);
    the indices are the mean ratios to it, scaled to mean 1. The series must be positive and at least two
    seasons long.
    """
    weights = np.ones(season)
    if season % 2 == 0:
        weights = np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    trend = np.convolve(series, weights / season, mode="valid")
    start = len(weights) // 2
    ratios = series[start : start + len(trend)] / trend
    place = np.arange(start, start + len(trend)) % season
    indices: Float[np.ndarray, "{season}"]
    indices = np.bincount(place, weights=ratios, minlength=season) / np.bincount(place, minlength=season)
    indices /= indices.mean()
    return indices


def _filled(series: Float[np.ndarray, "time"]) -> Float[np.ndarray, "time"]:
    known = np.flatnonzero(np.isfinite(series))
    if len(known) == 0:
        raise DataError("the series has no observed value", "at least one", "Leave this series out.")
    filled: Float[np.ndarray, "time"] = np.interp(np.arange(len(series)), known, series[known])
    return filled

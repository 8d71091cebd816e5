"""Exponential smoothing of many windows at once: the theta method, and a trend that is damped.

Both adjust each window for its season where it has one (the autocorrelation at the lag of a season is
significant at 90 percent), choose their parameters for each window from a grid by the squared error one step
ahead, and forecast. Missing values are looked through: the state goes on as forecast. They are functions as
`recurra.metrics.forecast_baseline.Baseline` calls them.

Source: Assimakopoulos and Nikolopoulos, "The theta model" (2000), in the form of Hyndman and Billah,
"Unmasking the Theta method" (2003); Gardner and McKenzie, "Forecasting trends in time series" (1985).
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import correlate1d

from recurra.metrics.naive2 import CRITICAL_VALUE

History = Float[np.ndarray, "windows context"]
Observed = Bool[np.ndarray, "windows context"]
Ahead = Float[np.ndarray, "windows horizon"]
Smoothing = Callable[[History, Observed, int], Ahead]

_LEVELS = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
_TRENDS = np.array([0.0, 0.05, 0.1, 0.2, 0.4])  # as shares of the level's smoothing
_DAMPING = np.array([0.85, 0.95, 0.98])


class Season(NamedTuple):
    """The season of each window.

    Attributes:
        past: What to take from the steps of the history, or to divide them by.
        ahead: The same of the horizon.
        multiplies: Where the season is a factor; else it is added.
    """

    past: History
    ahead: Ahead
    multiplies: Bool[np.ndarray, "windows 1"]


def theta(history: History, observed: Observed, horizon: int, season: int, *, factors: bool = True) -> Ahead:
    """The theta method: half the slope of a straight line, on top of simple exponential smoothing.

    Args:
        history: The values before the forecast, oldest first.
        observed: True = the value is known.
        horizon: Steps ahead.
        season: Steps in a season.
        factors: Whether the season of positive windows multiplies; else it is added.
    """
    return _adjusted(_theta, history, observed, horizon, season, factors=factors)


def damped_trend(
    history: History, observed: Observed, horizon: int, season: int, *, factors: bool = True
) -> Ahead:
    """Level and trend, of which a share is lost from step to step; arguments as of `theta`."""
    return _adjusted(_damped_trend, history, observed, horizon, season, factors=factors)


theta_additive = partial(theta, factors=False)
damped_trend_additive = partial(damped_trend, factors=False)


def _adjusted(
    smoothing: Smoothing, history: History, observed: Observed, horizon: int, season: int, *, factors: bool
) -> Ahead:
    """Smooth without the season, and put it back."""
    known = np.where(observed, history, np.nan)
    found = _season(known, observed, horizon, season, factors=factors)
    factor = np.where(found.multiplies, found.past, 1)
    without = np.where(found.multiplies, known / factor, known - found.past)
    forecast: Ahead = smoothing(np.where(observed, without, 0), observed, horizon)
    forecast = np.where(found.multiplies, forecast * found.ahead, forecast + found.ahead)
    forecast[~observed.any(axis=1)] = np.nan
    return forecast


def _season(known: History, observed: Observed, horizon: int, season: int, *, factors: bool) -> Season:
    """Classical decomposition: mean distances from (or ratios to) a centred moving average, by place."""
    windows, context = known.shape
    positive = np.all(~(known <= 0), axis=1, keepdims=True) & factors
    neutral = np.broadcast_to(positive, (windows, season)).astype(np.float64)
    seasonal = _are_seasonal(known, observed, season)[:, None]
    indices = neutral
    if seasonal.any():
        weights = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
        half = len(weights) // 2
        total, count = (
            correlate1d(values.astype(np.float64), weights, axis=1, mode="constant")
            for values in (np.where(observed, known, 0), observed)
        )
        inside = observed & (count > 0)
        inside[:, :half] = inside[:, context - half :] = False
        trend = total / np.where(count > 0, count, 1)
        away = np.where(positive, known / np.where(positive & inside, trend, 1), known - trend)
        place = _by_place(np.where(inside, away, 0), season).sum(axis=1)
        times = _by_place(inside.astype(np.float64), season).sum(axis=1)
        means = np.where(times > 0, place / np.maximum(times, 1), neutral)
        centre = means.mean(axis=1, keepdims=True)
        means = np.where(positive, means / np.where(positive, centre, 1), means - centre)
        indices = np.where(seasonal, means, neutral)
    back = (np.arange(context) - context) % season
    return Season(indices[:, back], indices[:, np.arange(horizon) % season], positive)


def _by_place(values: History, season: int) -> Float[np.ndarray, "windows cycles season"]:
    """The history as whole seasons that end where it ends, zeros in front."""
    front = -values.shape[1] % season
    return np.pad(values, ((0, 0), (front, 0))).reshape(len(values), -1, season)


def _are_seasonal(known: History, observed: Observed, season: int) -> Bool[np.ndarray, " windows"]:
    """`recurra.metrics.naive2.is_seasonal` of every window; what is missing lies at the mean."""
    windows, context = known.shape
    if season < 2 or context < 2 * season + 2:
        return np.zeros(windows, dtype=bool)
    count = observed.sum(axis=1, keepdims=True)
    mean = np.where(observed, known, 0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    centred = np.where(observed, known - mean, 0)
    size = 1 << (2 * context - 1).bit_length()
    spectrum = np.fft.rfft(centred, size, axis=1)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, size, axis=1)[:, : season + 1]
    variance = covariance[:, :1]
    correlation = covariance[:, 1:] / np.where(variance > 0, variance, 1)
    steps = np.maximum(count[:, 0], 1)
    error = np.sqrt((1 + 2 * np.square(correlation[:, :-1]).sum(axis=1)) / steps)
    long_enough = count[:, 0] >= 2 * season + 2
    varies = variance[:, 0] > 1e-24 * np.square(mean[:, 0]) * steps
    significant = np.abs(correlation[:, -1]) > CRITICAL_VALUE * error
    found: Bool[np.ndarray, " windows"] = long_enough & varies & significant
    return found


def _theta(values: History, observed: Observed, horizon: int) -> Ahead:
    windows, context = values.shape
    slope = _slope(values, observed)
    grid = np.broadcast_to(_LEVELS, (windows, len(_LEVELS)))
    level = np.broadcast_to(_first(values, observed)[:, None], grid.shape).copy()
    error, seen = np.zeros(grid.shape), np.zeros(windows, dtype=bool)
    for step in range(context):
        there = observed[:, step]
        off = np.where(there[:, None], values[:, step, None] - level, 0)
        error += np.where(seen[:, None], off * off, 0)
        level += grid * off
        seen |= there
    rows, best = np.arange(windows), error.argmin(axis=1)
    chosen = _LEVELS[best]
    steps = np.maximum(observed.sum(axis=1), 1)
    head_start = 1 / chosen - (1 - chosen) ** steps / chosen
    drift = slope[:, None] / 2 * (np.arange(horizon) + head_start[:, None])
    forecast: Ahead = level[rows, best][:, None] + drift
    return forecast


def _damped_trend(values: History, observed: Observed, horizon: int) -> Ahead:
    windows, context = values.shape
    level_share, trend_share, damping = (
        axis.ravel() for axis in np.meshgrid(_LEVELS[1::2], _TRENDS, _DAMPING, indexing="ij")
    )
    shape = (windows, len(damping))
    level = np.broadcast_to(_first(values, observed)[:, None], shape).copy()
    trend = np.broadcast_to(_slope(values[:, :9], observed[:, :9])[:, None], shape).copy()
    error, seen = np.zeros(shape), np.zeros(windows, dtype=bool)
    for step in range(context):
        there = observed[:, step]
        ahead = np.where(seen[:, None], level + damping * trend, level)
        off = np.where(there[:, None], values[:, step, None] - ahead, 0)
        off[there & ~seen] = 0  # the first value is where the level begins
        error += off * off
        trend = np.where(seen[:, None], damping * trend, trend) + level_share * trend_share * off
        level = ahead + level_share * off
        seen |= there
    rows, best = np.arange(windows), error.argmin(axis=1)
    shares = damping[best][:, None] ** np.arange(1, horizon + 1)
    forecast: Ahead = level[rows, best][:, None] + trend[rows, best][:, None] * shares.cumsum(axis=1)
    return forecast


def _first(values: History, observed: Observed) -> Float[np.ndarray, " windows"]:
    """The first observed value."""
    first: Float[np.ndarray, " windows"] = values[np.arange(len(values)), observed.argmax(axis=1)]
    return first


def _slope(values: History, observed: Observed) -> Float[np.ndarray, " windows"]:
    """Of the straight line of least squares; 0 where there are fewer than three values."""
    time = np.arange(values.shape[1], dtype=np.float64)
    count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    time = np.where(observed, time - (observed * time).sum(axis=1, keepdims=True) / count, 0)
    mean = np.where(observed, values, 0).sum(axis=1, keepdims=True) / count
    spread = np.square(time).sum(axis=1)
    slope: Float[np.ndarray, " windows"]
    slope = (time * (values - mean)).sum(axis=1) / np.where(spread > 0, spread, 1)
    slope[count[:, 0] <= 2] = 0
    return slope

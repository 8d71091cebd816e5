"""Forecasts that need no training: what every trained model must be compared with.

All take the same arguments and work on all windows at once. Missing values are looked through, never filled:
the last value is the last observed one, and each step of the seasonal naive repeats the last observed value
of its own place in the season. A window without any observed value gives NaN. Call them through `Baseline`,
which checks the settings and takes a history of no steps; the functions themselves expect at least one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from recurra.errors import ConfigError, DataError
from recurra.metrics.exponential_smoothing import theta

BaselineFunction = Callable[
    [Float[np.ndarray, "windows context"], Bool[np.ndarray, "windows context"], int, int],
    Float[np.ndarray, "windows horizon"],
]


@dataclass(frozen=True)
class Baseline:
    """A forecast without training.

    Attributes:
        name: As in settings and files: "seasonal_naive".
        label: As people read it: "Seasonal naive".
        function: `(history, observed, horizon, season) -> forecast`.
    """

    name: str
    label: str
    function: BaselineFunction

    def __call__(
        self,
        history: Float[np.ndarray, "windows context"],
        observed: Bool[np.ndarray, "windows context"],
        horizon: int,
        season: int,
    ) -> Float[np.ndarray, "windows horizon"]:
        """Forecast every window.

        Args:
            history: The values before the forecast, oldest first; anything where `observed` is False.
            observed: True = the value is known.
            horizon: Steps ahead, at least 1.
            season: Steps in a season, at least 1.

        Returns:
            Forecasts in the unit of the history, float64; NaN for a window without observed values.

        Raises:
            DataError: The horizon or the season is below 1.
        """
        for setting, value in (("horizon", horizon), ("season", season)):
            if value < 1:
                raise DataError(f"{setting} is {value}", "a whole number of at least 1", f"Change {setting}.")
        if history.shape[1] == 0:
            return np.full((len(history), horizon), np.nan)
        return self.function(history.astype(np.float64), observed, horizon, season)


def last_value(
    history: Float[np.ndarray, "windows context"],
    observed: Bool[np.ndarray, "windows context"],
    horizon: int,
    season: int,
) -> Float[np.ndarray, "windows {horizon}"]:
    """Repeat the last observed value."""
    del season
    return np.repeat(_last(history, observed)[:, None], horizon, axis=1)


def seasonal_naive(
    history: Float[np.ndarray, "windows context"],
    observed: Bool[np.ndarray, "windows context"],
    horizon: int,
    season: int,
) -> Float[np.ndarray, "windows {horizon}"]:
    """Repeat, for each step, the last observed value of the same place in the season.

    A place that the history does not have (it is shorter than a season, or never observed there) takes the
    last observed value of all.
    """
    windows, context = history.shape
    cycles = max(1, -(-context // season))
    shape = (windows, cycles, season)
    missing = cycles * season - context
    values = np.pad(history, ((0, 0), (missing, 0))).reshape(shape)
    known = np.pad(observed, ((0, 0), (missing, 0))).reshape(shape)
    newest = cycles - 1 - np.argmax(known[:, ::-1], axis=1)
    place = np.take_along_axis(values, newest[:, None], axis=1)[:, 0]
    place = np.where(known.any(axis=1), place, _last(history, observed)[:, None])
    forecast: Float[np.ndarray, "windows {horizon}"] = place[:, np.arange(horizon) % season]
    return forecast


def drift(
    history: Float[np.ndarray, "windows context"],
    observed: Bool[np.ndarray, "windows context"],
    horizon: int,
    season: int,
) -> Float[np.ndarray, "windows {horizon}"]:
    """Go on along the line through the first and the last observed value; flat where there is only one."""
    del season
    context = history.shape[1]
    first = np.argmax(observed, axis=1)
    last = context - 1 - np.argmax(observed[:, ::-1], axis=1)
    rows = np.arange(len(history))
    slope = (history[rows, last] - history[rows, first]) / np.maximum(last - first, 1)
    slope = np.where(last > first, slope, 0)
    steps = np.arange(1, horizon + 1) + (context - 1 - last)[:, None]
    forecast: Float[np.ndarray, "windows {horizon}"]
    forecast = _last(history, observed)[:, None] + slope[:, None] * steps
    return forecast


def mean(
    history: Float[np.ndarray, "windows context"],
    observed: Bool[np.ndarray, "windows context"],
    horizon: int,
    season: int,
) -> Float[np.ndarray, "windows {horizon}"]:
    """Repeat the mean of the observed values of the history."""
    del season
    counts = observed.sum(axis=1)
    sums = np.where(observed, history, 0).sum(axis=1)
    means = np.divide(sums, counts, out=np.full(len(history), np.nan), where=counts > 0)
    return np.repeat(means[:, None], horizon, axis=1)


BASELINES = {
    baseline.name: baseline
    for baseline in (
        Baseline("last_value", "Last value", last_value),
        Baseline("seasonal_naive", "Seasonal naive", seasonal_naive),
        Baseline("drift", "Drift", drift),
        Baseline("mean", "Mean", mean),
        Baseline("theta", "Theta", theta),
    )
}
"""Every baseline by its name."""


def baseline(name: str) -> Baseline:
    """The baseline of that name.

    Raises:
        ConfigError: There is none; the message lists the names.
    """
    if name not in BASELINES:
        raise ConfigError(
            f"unknown baseline {name!r}", f"one of {', '.join(BASELINES)}", "Choose one of these."
        )
    return BASELINES[name]


def _last(
    history: Float[np.ndarray, "windows context"], observed: Bool[np.ndarray, "windows context"]
) -> Float[np.ndarray, "windows"]:
    """The last observed value of every window; NaN where there is none."""
    newest = history.shape[1] - 1 - np.argmax(observed[:, ::-1], axis=1)
    values = history[np.arange(len(history)), newest]
    return np.where(observed.any(axis=1), values, np.nan)

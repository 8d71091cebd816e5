"""Ridge regression of the horizon on the last steps: what a linear model without any net achieves."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

_LEAST_SHARE = 0.1  # of the usual spread of a history: flatter ones do not count for more


class LagRegression(NamedTuple):
    """Every step ahead as a weighted sum of how far each of the last steps is from the last one.

    Attributes:
        weights: Of the lags, oldest first, for each step ahead.

    Source: Hoerl and Kennard, "Ridge regression" (1970).
    """

    weights: Float[np.ndarray, "lags horizon"]

    @property
    def lags(self) -> int:
        """Steps of the history that count."""
        return len(self.weights)

    def forecast(
        self,
        history: Float[np.ndarray, "windows context"],
        observed: Bool[np.ndarray, "windows context"],
        horizon: int,
        season: int,
    ) -> Float[np.ndarray, "windows horizon"]:
        """Forecast every window, as the functions of `recurra.metrics.forecast_baseline.Baseline` do.

        Missing steps take the value before them.
        """
        del season
        away, last = _away(history[:, -self.lags :], observed[:, -self.lags :])
        short = self.lags - away.shape[1]
        forecast: Float[np.ndarray, "windows horizon"] = last + away @ self.weights[short:, :horizon]
        return forecast


def fit_lag_regression(
    history: Float[np.ndarray, "windows lags"],
    observed: Bool[np.ndarray, "windows lags"],
    future: Float[np.ndarray, "windows horizon"],
    *,
    penalty: float,
) -> LagRegression:
    """Fit to windows, each in units of its own spread.

    Args:
        history: The last steps of each window.
        observed: Which of them are known.
        future: What followed, all of it known.
        penalty: What is added to the diagonal, as a share of its mean.
    """
    away, last = _away(history, observed)
    spread = away.std(axis=1, keepdims=True)
    usual = np.median(spread) or spread.mean() or 1.0  # where most histories, or all of them, are flat
    unit = np.maximum(spread, _LEAST_SHARE * usual)
    inputs, wanted = away / unit, (future - last) / unit
    products = inputs.T @ inputs
    products[np.diag_indices_from(products)] += penalty * np.trace(products) / len(products) + 1e-9
    return LagRegression(np.linalg.solve(products, inputs.T @ wanted))


def _away(
    history: Float[np.ndarray, "windows lags"], observed: Bool[np.ndarray, "windows lags"]
) -> tuple[Float[np.ndarray, "windows lags"], Float[np.ndarray, "windows 1"]]:
    """Distances from the last value, and that value; a gap takes the value before it, or else after it."""
    step = np.where(observed, np.arange(history.shape[1]), -1)
    newest = np.maximum.accumulate(step, axis=1)
    first = observed.argmax(axis=1)[:, None]
    filled = np.take_along_axis(history, np.where(newest < 0, first, newest), axis=1).astype(np.float64)
    filled[~observed.any(axis=1)] = np.nan
    return filled - filled[:, -1:], filled[:, -1:]

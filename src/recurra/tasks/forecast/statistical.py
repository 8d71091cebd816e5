"""Automatic exponential smoothing, theta and ARIMA of the statsforecast package, beside our own baselines.

Each series has a model, chosen and fitted on all that comes before the first moment that is judged; then its
state follows the series, as a net is not trained again either. Intervals are the model's own.

Source: Garza, Canseco, Challú and Olivares, "StatsForecast: lightning fast forecasting with statistical and
econometric models" (2022); Hyndman and Khandakar, "Automatic time series forecasting" (2008).
"""

import importlib
import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from recurra.errors import DataError, MissingDependencyError
from recurra.tasks.forecast.answer import Answer
from recurra.tasks.forecast.part import ForecastPart

PACKAGE = "statsforecast"
_FEWEST, _LONGEST = 3, 2000  # values of a history: a fit takes a second of the latter


class Method(NamedTuple):
    """A model of statsforecast: its class in `statsforecast.models`, and as people read it."""

    model: str
    label: str


METHODS: Mapping[str, Method] = {
    "auto_ets": Method("AutoETS", "AutoETS"),
    "auto_theta": Method("AutoTheta", "AutoTheta"),
    "auto_arima": Method("AutoARIMA", "AutoARIMA"),
}
"""By the names that `baselines` has for them; ARIMA takes seconds a series."""


def asked_for(baselines: Sequence[str]) -> list[str]:
    """Those among the baselines of the settings."""
    return [name for name in baselines if name in METHODS]


def check_installed(baselines: Sequence[str]) -> None:
    """Make sure that what is asked for can be had.

    Raises:
        MissingDependencyError: It takes a package that is not there.
    """
    if asked_for(baselines) and not is_installed():
        raise MissingDependencyError(
            f"baselines={','.join(asked_for(baselines))} without {PACKAGE}",
            f"{PACKAGE} to be installed",
            "Run: pip install 'recurra[baselines]', or leave them out.",
        )


def is_installed() -> bool:
    """Whether the package is there; it is not loaded."""
    return importlib.util.find_spec(PACKAGE) is not None


def statistical(name: str, part: ForecastPart) -> Answer:
    """What a method says of every window; without quantiles where its intervals are not all numbers.

    Raises:
        DataError: It cannot be fitted to one of the series, or its forecasts of it are no numbers.
    """
    method = METHODS[name]
    kind = getattr(importlib.import_module(f"{PACKAGE}.models"), method.model)
    horizon, season = part.resolved.horizon, part.panel.season_length
    levels = sorted({round(abs(200 * one - 100), 6) for one in part.probabilities if one != 0.5})
    windows = len(part)
    points, quantiles = np.zeros((windows, horizon)), np.zeros((windows, horizon, len(part.probabilities)))
    for series in np.unique(part.origins.series).tolist():
        own = np.flatnonzero(part.origins.series == series)
        values = part.panel.series(series)
        histories = [_history(values[:position]) for position in part.origins.position[own].tolist()]
        try:
            found = _forecasts(kind(season_length=season), histories, horizon, levels)
        except Exception as error:  # it raises many kinds at series that are short or do not change
            which = f"series {part.panel.ids[series]}" if len(part.panel) > 1 else "the series"
            raise DataError(
                f"{method.label} cannot be fitted to {which} ({error})",
                "longer series, whose values change",
                f"Leave {name} out of baselines.",
            ) from error
        for window, said in zip(own.tolist(), found, strict=True):
            points[window] = said["mean"]
            quantiles[window] = np.stack([_quantile(said, one) for one in part.probabilities], axis=-1)
    return Answer(points, quantiles if np.isfinite(quantiles).all() else None)


def _history(values: Float[np.ndarray, " steps"]) -> Float[np.ndarray, " known"]:
    """The last steps, from the first value on; a missing one counts as the one before it."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.zeros(0)
    newest = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    filled: Float[np.ndarray, " known"] = values[newest][known[0] :][-_LONGEST:]
    return filled


def _forecasts(
    model: Any, histories: Sequence[Float[np.ndarray, " _"]], horizon: int, levels: Sequence[float]
) -> list[Mapping[str, Any]]:
    """What the package says after each history: point forecasts, ends of intervals; fitted to the first.

    Raises:
        ValueError: The history is too short, or forecasts are no numbers; and whatever the package raises.
    """
    if len(histories[0]) < _FEWEST:
        raise ValueError(f"fewer than {_FEWEST} values")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit(histories[0])
        found = [fitted.forward(y=history, h=horizon, level=list(levels)) for history in histories]
    if not all(np.isfinite(said["mean"]).all() for said in found):
        raise ValueError("its forecasts are no numbers")
    return found


def _quantile(said: Mapping[str, Any], probability: float) -> Any:
    """A quantile, of what the package says of a window."""
    if probability == 0.5:
        return said["mean"]
    return said[f"{'lo' if probability < 0.5 else 'hi'}-{round(abs(200 * probability - 100), 6)}"]

"""Automatic exponential smoothing, theta and ARIMA of the statsforecast package, beside our own baselines.

Each series has a model, chosen and fitted on all that comes before the first moment that is judged; then its
state follows the series, as a net is not trained again either. Intervals are the model's own.

Source: Garza, Canseco, Challú and Olivares, "StatsForecast: lightning fast forecasting with statistical and
econometric models" (2022); Hyndman and Khandakar, "Automatic time series forecasting" (2008).
"""

import importlib
import importlib.util
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from recurra.errors import MissingDependencyError
from recurra.tasks.forecast.answer import Answer
from recurra.tasks.forecast.part import ForecastPart

PACKAGE = "statsforecast"
_LONGEST = 2000  # steps of a history: a fit takes a second of them


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
    """What a method says of every window; a series that it cannot be fitted to stays at its last value."""
    kind = getattr(importlib.import_module(f"{PACKAGE}.models"), METHODS[name].model)
    horizon, season = part.resolved.horizon, part.panel.season_length
    levels = sorted({round(abs(200 * one - 100), 6) for one in part.probabilities if one != 0.5})
    windows = len(part)
    points, quantiles = np.zeros((windows, horizon)), np.zeros((windows, horizon, len(part.probabilities)))
    for series in np.unique(part.origins.series).tolist():
        own = np.flatnonzero(part.origins.series == series)
        values = part.panel.series(series)
        model = _fitted(kind(season_length=season), _history(values[: part.origins.position[own].min()]))
        for window in own.tolist():
            history = _history(values[: part.origins.position[window]])
            said = _said(model, history, horizon, levels)
            points[window] = said["mean"]
            quantiles[window] = np.stack([_quantile(said, one) for one in part.probabilities], axis=-1)
    return Answer(points, quantiles)


def _history(values: Float[np.ndarray, " steps"]) -> Float[np.ndarray, " known"]:
    """The last steps, from the first value on; a missing one counts as the one before it."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.zeros(0)
    newest = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    filled: Float[np.ndarray, " known"] = values[newest][known[0] :][-_LONGEST:]
    return filled


def _fitted(model: Any, history: Float[np.ndarray, " known"]) -> Any:
    """The model, fitted; None where it cannot be."""
    if len(history) < 3:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return model.fit(history)
        except Exception:  # noqa: BLE001 - it raises many kinds at series that are short or do not change
            return None


def _said(
    model: Any, history: Float[np.ndarray, " known"], horizon: int, levels: Iterable[float]
) -> Mapping[str, Any]:
    """Point forecast and ends of intervals after a history, as the package names them."""
    if model is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said: Mapping[str, Any] = model.forward(y=history, h=horizon, level=list(levels))
        if np.isfinite(said["mean"]).all():
            return said
    return {"mean": np.full(horizon, history[-1] if len(history) else np.nan)}


def _quantile(said: Mapping[str, Any], probability: float) -> Any:
    """A quantile; the point forecast where there is no interval."""
    level = round(abs(200 * probability - 100), 6)
    value = np.asarray(said.get(f"{'lo' if probability < 0.5 else 'hi'}-{level}", said["mean"]))
    return np.where(np.isfinite(value), value, said["mean"])

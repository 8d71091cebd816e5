"""What covariates known up to the present tell of what comes: a correction of the base, where they lead it.

A classical method knows nothing of orders that come before sales. A ridge regression of what the base was
off on the last steps of the covariates tells what they add, step by step ahead. It is used only where it
forecast later parts of the series surely better, and then drawn towards 0 by how sure that is.

Source: Hoerl and Kennard, "Ridge regression" (1970); James and Stein, "Estimation with quadratic loss"
(1961), for the shrinkage.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from recurra.inputs.series.origin import Origins, rolling_origins, windows_apart
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.window import targets_after
from recurra.tasks.forecast.regression import folds
from recurra.tasks.forecast.unit import known_spread, moments

MOST_LAGS = 48
_FEWEST, _MOST_WINDOWS = 30, 2000  # to fit to
_PENALTIES = (0.1, 1.0, 10.0)  # shares of the mean of the diagonal
_SURE = 0.97  # of the error without

Steps = Float64[np.ndarray, "windows horizon"]
Features = Float64[np.ndarray, "windows features"]


@dataclass(frozen=True)
class Leading:
    """A linear map of the last steps of the covariates, in units of each series.

    Attributes:
        weights: What each feature adds at each step ahead.
        lags: Steps of the covariates that count.
        mean, scale: What each covariate is measured from and in.
        units: The unit of each series that training saw, by id; others have their standard deviation.
        ratio: Error with it over error without, for each step ahead.
    """

    weights: Float64[np.ndarray, "features horizon"]
    lags: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    units: Mapping[str, float] = field(default_factory=dict)
    ratio: tuple[float, ...] = ()

    def added(self, panel: Panel, origins: Origins) -> Steps:
        """What they add to a forecast, in the units of the data."""
        unit = known_spread(self.units, panel)[origins.series, None]
        added: Steps = unit * (features_of(panel, origins, self.lags, self.mean, self.scale) @ self.weights)
        return added

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "weights": self.weights.tolist(),
            "lags": self.lags,
            "mean": list(self.mean),
            "scale": list(self.scale),
            "units": dict(self.units),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Leading":
        """What `to_dict` gave."""
        weights = np.array(document["weights"], dtype=np.float64)
        mean, scale = (tuple(map(float, document[name])) for name in ("mean", "scale"))
        units = {str(name): float(unit) for name, unit in document["units"].items()}
        return cls(weights, int(document["lags"]), mean, scale, units)


def features_of(
    panel: Panel, origins: Origins, lags: int, mean: Sequence[float], scale: Sequence[float]
) -> Features:
    """The last value of each covariate, and how far those before it are from it; 0 is unknown."""
    place = origins.position[:, None] - 1 - np.arange(lags)
    rows = panel.offsets[origins.series][:, None] + np.maximum(place, 0)
    values = np.where((place >= 0)[..., None], panel.past[rows].astype(np.float64), np.nan)
    scaled = (values - np.array(mean)) / np.array(scale)
    last = np.nan_to_num(scaled[:, :1])
    found = np.concatenate([last, np.nan_to_num(scaled[:, 1:] - last)], axis=1)
    return found.reshape(len(found), -1)


def choose_leading(
    panel: Panel,
    forecast: Callable[[Panel, Origins], Steps],
    train_end: Int64[np.ndarray, " series"],
    end: Int64[np.ndarray, " series"],
    horizon: int,
    lags: int,
) -> Leading | None:
    """What past covariates add to a base, where it is surely better with it than without; else None.

    Args:
        panel: The series.
        forecast: What the base says of some moments.
        train_end: Where the training part of each series ends.
        end: Where what may be looked at ends.
        horizon: Steps ahead.
        lags: Steps of the covariates that may count.
    """
    columns = panel.past.shape[1]
    if not columns:
        return None
    begin = np.maximum(np.minimum(np.maximum(end // 6, panel.season_length), end), 1)
    count = int(np.maximum(end - begin - horizon, 0).sum())
    origins = rolling_origins(begin, end, horizon, max(1, count // _MOST_WINDOWS))
    lags = min(lags, MOST_LAGS, len(origins.series) // (5 * columns))
    if lags < 1:
        return None
    measured = _measured(panel, train_end)
    features = features_of(panel, origins, lags, *measured)
    spread = moments(panel, train_end).spread
    off = targets_after(panel, origins, horizon) - forecast(panel, origins)
    scaled = off / np.where(spread > 0, spread, np.inf)[origins.series, None]
    usable = np.asarray(np.isfinite(scaled).all(axis=1))
    best = min(
        (_judged(features, scaled, usable, origins, end, penalty) for penalty in _PENALTIES),
        key=lambda one: float(np.nanmean(np.abs(one[0]))) if np.isfinite(one[0]).any() else np.inf,
    )
    rest, penalty = best
    judged = np.isfinite(rest).all(axis=1)
    fit = usable & _before(origins, horizon, train_end)
    if fit.sum() < _FEWEST or not judged.any():
        return None
    share = _share(np.abs(scaled[judged]), np.abs(rest[judged]), Origins(*(one[judged] for one in origins)))
    if share == 0:
        return None
    weights = share * _ridge(features[fit], scaled[fit], penalty)
    ratio = np.abs(rest[judged]).mean(axis=0) / np.maximum(np.abs(scaled[judged]).mean(axis=0), 1e-12)
    units = {name: float(unit) for name, unit in zip(panel.ids, spread, strict=True)}
    kept = tuple((1 - share * (1 - np.clip(ratio, 0, 1))).tolist())
    return Leading(weights, lags, *measured, units, kept)


def _measured(
    panel: Panel, ends: Int64[np.ndarray, " series"]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each covariate before the ends; a deviation of 1 where it never changes."""
    series = np.repeat(np.arange(len(panel)), panel.extents)
    seen = panel.past[np.arange(len(series)) - panel.offsets[series] < ends[series]].astype(np.float64)
    known = np.isfinite(seen)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, seen, 0).sum(axis=0) / count
    deviation = np.sqrt(np.where(known, np.square(seen - mean), 0).sum(axis=0) / count)
    return tuple(mean.tolist()), tuple(np.where(deviation > 0, deviation, 1).tolist())


def _judged(
    features: Features,
    off: Steps,
    usable: Bool[np.ndarray, " windows"],
    origins: Origins,
    end: Int64[np.ndarray, " series"],
    penalty: float,
) -> tuple[Steps, float]:
    """What is left of how far the base was off, by regressions on what came before; and the penalty."""
    rest: Steps = np.full(off.shape, np.nan)
    for cut, inside in folds(origins, end):
        fit = usable & _before(origins, off.shape[1], cut)
        if fit.sum() >= _FEWEST:
            rest[inside] = off[inside] - features[inside] @ _ridge(features[fit], off[fit], penalty)
    return rest, penalty


def _before(
    origins: Origins, horizon: int, ends: Int64[np.ndarray, " series"]
) -> Bool[np.ndarray, " windows"]:
    """The windows that end before some ends."""
    found: Bool[np.ndarray, " windows"] = origins.position + horizon <= ends[origins.series]
    return found


def _share(without: Steps, left: Steps, origins: Origins) -> float:
    """How much is kept: shrunk by how sure the gain is, and by how few windows do not overlap."""
    gain = (without - left).mean(axis=1)
    apart, deviation = windows_apart(origins, without.shape[1]), float(gain.std())
    if left.mean() >= _SURE * without.mean() or deviation == 0:
        return 0.0
    certainty = float(gain.mean()) / (deviation / np.sqrt(apart))
    return float(max(0.0, 1 - 1 / certainty**2) * apart / (apart + 2))


def _ridge(features: Features, off: Steps, penalty: float) -> Float[np.ndarray, "features horizon"]:
    """Least squares, drawn towards 0."""
    products = features.T @ features
    products[np.diag_indices_from(products)] += penalty * np.trace(products) / len(products) + 1e-9
    weights: Float[np.ndarray, "features horizon"] = np.linalg.solve(products, features.T @ off)
    return weights

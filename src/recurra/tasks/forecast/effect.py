"""What covariates known ahead add to a series: taken from its history, given back to its forecast.

A classical method knows nothing of a promotion or a holiday. A regression of changes on changes tells what
they do, without the level and (over a season) without the season getting in its way.

Source: Hyndman and Athanasopoulos, "Forecasting: principles and practice" (2021), for regression with errors
that are a series of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.unit import known_spread, moments

MOST_FEATURES = 64
_ROWS_EACH = 5  # rows that a feature needs at least
_PENALTY = 1.0  # rows of no effect that every feature is believed to have been seen in

Features = Float64[np.ndarray, "rows features"]


@dataclass(frozen=True)
class Effects:
    """A linear map of the covariates known ahead, in units of each series.

    Attributes:
        weights: What each feature adds: a number, or one category of several.
        usual: The mean of each feature; one that is unknown counts as this.
        units: The unit of each series that training saw, by id; others have their standard deviation.
        spread: The standard deviation of what they add, in units of a series.
    """

    weights: tuple[float, ...]
    usual: tuple[float, ...]
    units: Mapping[str, float]
    spread: float

    def added(self, panel: Panel) -> Float64[np.ndarray, " rows"]:
        """What they add at each row of a panel."""
        away = np.nan_to_num(features_of(panel) - np.array(self.usual))
        added: Float64[np.ndarray, " rows"]
        added = (away @ np.array(self.weights)) * np.repeat(known_spread(self.units, panel), panel.extents)
        return added

    def ahead(self, panel: Panel, origins: Origins, horizon: int) -> Float64[np.ndarray, "windows horizon"]:
        """What they add at each step of some windows; nothing beyond the rows of a series."""
        position = origins.position[:, None] + np.arange(horizon)
        inside = position < panel.extents[origins.series][:, None]
        rows = np.where(inside, panel.offsets[origins.series][:, None] + position, 0)
        return np.where(inside, self.added(panel)[rows], 0.0)

    def doubt(self, panel: Panel, origins: Origins) -> Float64[np.ndarray, "windows 1"]:
        """How far a step of each window may move by covariates of which nothing is known."""
        return self.spread * known_spread(self.units, panel)[origins.series, None]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "weights": list(self.weights),
            "usual": list(self.usual),
            "units": dict(self.units),
            "spread": self.spread,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Effects":
        """What `to_dict` gave."""
        weights, usual = (tuple(map(float, document[name])) for name in ("weights", "usual"))
        units = {str(name): float(unit) for name, unit in document["units"].items()}
        return cls(weights, usual, units, float(document["spread"]))


def features_of(panel: Panel) -> Features:
    """Numbers known ahead, then a column for each category of the others; NaN where nothing is known."""
    columns: list[np.ndarray] = [panel.future.astype(np.float64)]
    for at, count in enumerate(panel.schema.category_counts("future")):
        codes = panel.future_codes[:, at, None]
        columns.append(np.where(codes > 0, codes == np.arange(1, count), np.nan))
    return np.concatenate(columns, axis=1)


def without(panel: Panel, effects: Effects | None) -> Panel:
    """The panel as it would be without what covariates add."""
    return panel if effects is None else replace(panel, target=panel.target - effects.added(panel))


def fit_effects(panel: Panel, ends: Int64[np.ndarray, " series"], steps: Sequence[int]) -> list[Effects]:
    """Effects from the changes over so many steps before the ends; none where these tell too little.

    Args:
        panel: The series.
        ends: Where the part of each series ends that may be looked at.
        steps: Distances of the values that are compared: 1, a season.
    """
    features, units = features_of(panel), moments(panel, ends).spread
    if not 0 < features.shape[1] <= MOST_FEATURES:
        return []
    series = np.repeat(np.arange(len(panel)), panel.extents)
    position = np.arange(len(series)) - panel.offsets[series]
    seen = position < ends[series]
    shown = np.where(np.isnan(features[seen]), 0.0, 1.0)
    usual = np.nansum(features[seen], axis=0) / np.maximum(shown.sum(axis=0), 1)
    scaled = panel.target / np.where(units > 0, units, np.inf)[series]
    found = []
    for step in dict.fromkeys(steps):
        later = np.flatnonzero(seen & (position >= step))
        change, answer = features[later] - features[later - step], scaled[later] - scaled[later - step]
        usable = np.isfinite(answer) & np.isfinite(change).all(axis=1)
        weights = _ridge(change[usable], answer[usable])
        if usable.sum() >= _ROWS_EACH * features.shape[1] and weights.any():
            own = {name: float(unit) for name, unit in zip(panel.ids, units, strict=True)}
            spread = float(np.std(np.nan_to_num(features[seen] - usual) @ weights))
            found.append(Effects(tuple(weights.tolist()), tuple(usual.tolist()), own, spread))
    return found


def _ridge(change: Features, answer: Float64[np.ndarray, " rows"]) -> Float64[np.ndarray, " features"]:
    """Least squares through the origin, drawn a little towards 0; 0 for what never changes."""
    size = np.sqrt(np.square(change).mean(axis=0)) if len(change) else np.zeros(change.shape[1])
    inputs = change / np.where(size > 0, size, np.inf)
    products = inputs.T @ inputs + _PENALTY * np.eye(change.shape[1])
    weights: Float64[np.ndarray, " features"]
    weights = np.linalg.solve(products, inputs.T @ answer) / np.where(size > 0, size, 1.0)
    return weights

"""Means and deviations of covariates, learnt on the training part only.

Without series of its own in it, a scaling is the same for all series and works for ones that training never
saw. `per_series=True` removes each series' own level instead (prices of different goods); unknown series get
the shared one. The target is not scaled here: models scale each window by its own history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from recurra.data.panel import Panel

_ROUNDING = 1e-6  # a deviation this small beside the mean is that of 32-bit numbers


@dataclass(frozen=True)
class Statistics:
    """Mean and deviation of some columns; a column that is constant or empty has deviation 1."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class ScalingTables:
    """The statistics of every series of one panel, as arrays."""

    past_mean: Float32[np.ndarray, "series past"]
    past_deviation: Float32[np.ndarray, "series past"]
    future_mean: Float32[np.ndarray, "series future"]
    future_deviation: Float32[np.ndarray, "series future"]
    static_mean: Float32[np.ndarray, "series static"]
    static_deviation: Float32[np.ndarray, "series static"]


@dataclass(frozen=True)
class Scaling:
    """What `learn_scaling` learnt.

    Attributes:
        past, future, static: The statistics of all series together, of the numeric covariates of each role.
        series: The statistics (past, future) of single series; empty when they share theirs.
    """

    past: Statistics
    future: Statistics
    static: Statistics
    series: Mapping[str, tuple[Statistics, Statistics]] = field(default_factory=dict)

    def tables(self, panel: Panel) -> ScalingTables:
        """The statistics to apply to the series of a panel."""
        own = [self.series.get(name, (self.past, self.future)) for name in panel.ids] if self.series else []
        arrays = {}
        for at, role in enumerate(("past", "future")):
            for part in ("mean", "deviation"):
                shared = getattr(getattr(self, role), part)
                rows = [getattr(pair[at], part) for pair in own] or [shared]
                arrays[f"{role}_{part}"] = _table(rows, len(panel), len(shared))
        for part in ("mean", "deviation"):
            shared = getattr(self.static, part)
            arrays[f"static_{part}"] = _table([shared], len(panel), len(shared))
        return ScalingTables(**arrays)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {
            "past": _describe(self.past),
            "future": _describe(self.future),
            "static": _describe(self.static),
            "series": {name: [_describe(part) for part in pair] for name, pair in self.series.items()},
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Scaling":
        """The scaling that `to_dict` described."""
        series = {
            name: (_restore(past), _restore(future)) for name, (past, future) in description["series"].items()
        }
        past, future, static = (_restore(description[role]) for role in ("past", "future", "static"))
        return cls(past, future, static, series)


def learn_scaling(panel: Panel, ends: Int64[np.ndarray, " series"], *, per_series: bool = False) -> Scaling:
    """Learn means and deviations of the numeric covariates.

    Args:
        panel: The series.
        ends: Where the training part of each series ends, counted from its beginning; later rows are not
            looked at. Series that end at 0 count for nothing.
        per_series: Whether every series keeps statistics of its own.
    """
    roles = [_measured(values, panel.offsets[:-1], ends) for values in (panel.past, panel.future)]
    trained = panel.static[ends > 0]
    static = _measured(trained, np.zeros(1, dtype=np.int64), np.array([len(trained)]))
    series = {}
    if per_series:
        pairs = zip(*(_statistics(moments) for moments in roles), strict=True)
        series = {name: pair for name, pair, end in zip(panel.ids, pairs, ends, strict=True) if end > 0}
    shared = [_statistics(_pooled(moments))[0] for moments in (*roles, static)]
    return Scaling(shared[0], shared[1], shared[2], series)


@dataclass(frozen=True)
class _Moments:
    """Count, mean and variance of the values that are there, for every piece of the rows."""

    count: Float64[np.ndarray, "pieces columns"]
    mean: Float64[np.ndarray, "pieces columns"]
    variance: Float64[np.ndarray, "pieces columns"]


def _measured(
    values: Float32[np.ndarray, "rows columns"],
    begins: Int64[np.ndarray, " pieces"],
    sizes: Int64[np.ndarray, " pieces"],
) -> _Moments:
    """The moments of pieces of the rows: `sizes` rows from `begins` on; one column at a time spares memory.

    The variance is the mean square of differences from the mean. Taken as a difference of two large numbers,
    mean square and squared mean, it would be lost where values are large beside their deviation.
    """
    owner = np.repeat(np.arange(len(sizes)), sizes)
    row = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(begins, sizes)
    count, mean, variance = (np.zeros((len(sizes), values.shape[1])) for _ in range(3))
    for at in range(values.shape[1]):
        column = values[row, at].astype(np.float64)
        there = ~np.isnan(column)
        own, column = owner[there], column[there]
        count[:, at] = np.bincount(own, minlength=len(sizes))
        divisor = np.maximum(count[:, at], 1.0)
        mean[:, at] = np.bincount(own, weights=column, minlength=len(sizes)) / divisor
        squares = (column - mean[own, at]) ** 2
        variance[:, at] = np.bincount(own, weights=squares, minlength=len(sizes)) / divisor
    return _Moments(count, mean, variance)


def _pooled(moments: _Moments) -> _Moments:
    """All pieces together, as one piece."""
    total = moments.count.sum(axis=0, keepdims=True)
    share = moments.count / np.maximum(total, 1.0)
    mean = (share * moments.mean).sum(axis=0, keepdims=True)
    variance = (share * (moments.variance + (moments.mean - mean) ** 2)).sum(axis=0, keepdims=True)
    return _Moments(total, mean, variance)


def _statistics(moments: _Moments) -> list[Statistics]:
    mean, deviation = moments.mean, np.sqrt(moments.variance)
    deviation = np.where(deviation > _ROUNDING * np.abs(mean), deviation, 1.0)
    return [
        Statistics(tuple(own), tuple(spread))
        for own, spread in zip(mean.tolist(), deviation.tolist(), strict=True)
    ]


def _table(rows: list[tuple[float, ...]], series: int, columns: int) -> Float32[np.ndarray, "series columns"]:
    return np.broadcast_to(np.array(rows, dtype=np.float32).reshape(len(rows), columns), (series, columns))


def _describe(statistics: Statistics) -> dict[str, list[float]]:
    return {"mean": list(statistics.mean), "deviation": list(statistics.deviation)}


def _restore(description: Mapping[str, Any]) -> Statistics:
    return Statistics(tuple(description["mean"]), tuple(description["deviation"]))

"""Means and deviations of covariates, learnt on the training part only.

A scaling is the same for all series, so it works for ones that training never saw. The target is not scaled
here: models scale each window by its own history.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from recurra.inputs.series.panel import Panel

_ROUNDING = 1e-6  # a deviation this small beside the mean is that of 32-bit numbers


@dataclass(frozen=True)
class Statistics:
    """Mean and deviation of some columns; a column that is constant or empty has deviation 1."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def applied(self, values: Float32[np.ndarray, "*shape columns"]) -> Float32[np.ndarray, "*shape columns"]:
        """Values of these columns in deviations from their mean."""
        mean, deviation = (np.array(own, dtype=np.float32) for own in (self.mean, self.deviation))
        return (values - mean) / deviation


@dataclass(frozen=True)
class Scaling:
    """What `learn_scaling` learnt.

    Attributes:
        past, future, static: The statistics of all series together, of the numeric covariates of each role.
    """

    past: Statistics
    future: Statistics
    static: Statistics

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {
            "past": _describe(self.past),
            "future": _describe(self.future),
            "static": _describe(self.static),
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Scaling":
        """The scaling that `to_dict` described."""
        past, future, static = (_restore(description[role]) for role in ("past", "future", "static"))
        return cls(past, future, static)


def learn_scaling(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Scaling:
    """Learn means and deviations of the numeric covariates.

    Args:
        panel: The series.
        ends: Where the training part of each series ends, counted from its beginning; later rows are not
            looked at. Series that end at 0 count for nothing.
    """
    roles = [_measured(values, panel.offsets[:-1], ends) for values in (panel.past, panel.future)]
    trained = panel.static[ends > 0]
    fixed = _measured(trained, np.zeros(1, dtype=np.int64), np.array([len(trained)]))
    past, future, static = (_statistics(_pooled(moments)) for moments in (*roles, fixed))
    return Scaling(past, future, static)


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


def _statistics(moments: _Moments) -> Statistics:
    """Those of the only piece."""
    mean, deviation = moments.mean[0], np.sqrt(moments.variance[0])
    deviation = np.where(deviation > _ROUNDING * np.abs(mean), deviation, 1.0)
    return Statistics(tuple(mean.tolist()), tuple(deviation.tolist()))


def _describe(statistics: Statistics) -> dict[str, list[float]]:
    return {"mean": list(statistics.mean), "deviation": list(statistics.deviation)}


def _restore(description: Mapping[str, Any]) -> Statistics:
    return Statistics(tuple(description["mean"]), tuple(description["deviation"]))

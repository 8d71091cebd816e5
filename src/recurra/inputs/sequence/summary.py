"""Sequences without their order, for baselines: where the values of each channel lie."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from recurra.inputs.input import Summary
from recurra.inputs.sequence.series import Series

_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


class ChannelSummary(Summary):
    """Mean, deviation, range, ends, slope, share of gaps and quantiles of each channel; the length.

    Args:
        names: The channels.
        means: What a channel without any value counts as.
    """

    def __init__(self, names: Sequence[str], means: Sequence[float]) -> None:
        self.names, self.means = tuple(names), tuple(means)

    @classmethod
    def learn(cls, contents: Sequence[Series]) -> "ChannelSummary":
        """See `Summary.learn`."""
        names = contents[0].names
        return cls(names, [_mean([one.values[:, at] for one in contents]) for at in range(len(names))])

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "ChannelSummary":
        """See `Summary.from_dict`."""
        return cls(description["names"], description["means"])

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return {"names": list(self.names), "means": list(self.means)}

    def numbers(self, contents: Sequence[Series]) -> Float64[np.ndarray, "_ numbers"]:
        """See `Summary.numbers`."""
        if not len(contents):
            return np.zeros((0, len(self.names) * (8 + len(_QUANTILES)) + 1))
        means = np.array(self.means)
        return np.stack([_numbers(one, self.names, means) for one in contents])


def _mean(columns: Sequence[Float64[np.ndarray, " _"]]) -> float:
    values = np.concatenate(columns)
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def _numbers(
    series: Series, names: Sequence[str], means: Float64[np.ndarray, " channels"]
) -> Float64[np.ndarray, " numbers"]:
    values = series.values[:, [series.names.index(name) for name in names]]
    gaps = np.isnan(values)
    share = gaps.mean(axis=0)
    if gaps.any():
        values = values.copy()
        for at in range(values.shape[1]):
            own = gaps[:, at]
            values[own, at] = means[at] if own.all() else values[~own, at].mean()
    middle = np.arange(len(values)) - (len(values) - 1) / 2
    slope = middle @ values / max(float(np.square(middle).sum()), 1.0)
    found = [
        values.mean(axis=0),
        values.std(axis=0),
        values.min(axis=0),
        values.max(axis=0),
        values[0],
        values[-1],
    ]
    return np.concatenate(
        [*found, slope, share, np.quantile(values, _QUANTILES, axis=0).ravel(), [len(values)]]
    )

"""Sequences without their order, for baselines: where the values of each channel lie."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from recurra.inputs.sequence.series import Series

_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def summary(
    fitted: Sequence[Series], others: Sequence[Sequence[Series]]
) -> list[Float64[np.ndarray, "_ numbers"]]:
    """Mean, deviation, range, ends, slope, share of gaps and quantiles of each channel; the length.

    The channels are those of the first sequences, and so is what a channel without any value counts as.
    """
    names = fitted[0].names
    means = np.array([_mean([one.values[:, at] for one in fitted]) for at in range(len(names))])
    width = len(names) * (8 + len(_QUANTILES)) + 1
    return [
        np.stack([_numbers(one, names, means) for one in contents]) if len(contents) else np.zeros((0, width))
        for contents in others
    ]


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

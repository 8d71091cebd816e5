"""Where windows begin: lists of origins for judging, and an index of all origins that training may draw.

An origin is the position, in its series, of the first step to be forecast. The index keeps one byte for every
row of the panel and finds its n-th origin by counting; how long windows are, and how many there are, costs no
memory.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

_BLOCK = 256
_ROWS_AT_ONCE = 1 << 20


class Origins(NamedTuple):
    """Some origins, in order."""

    series: Int64[np.ndarray, " origins"]
    position: Int64[np.ndarray, " origins"]


def rolling_origins(
    begin: Int64[np.ndarray, " series"], end: Int64[np.ndarray, " series"], horizon: int, stride: int = 1
) -> Origins:
    """Every `stride`-th origin from `begin` on whose `horizon` steps end by `end`, series by series."""
    counts = np.maximum((end - begin - horizon) // stride + 1, 0)
    series = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Origins(series, begin[series] + stride * nth)


def windows_apart(origins: Origins, horizon: int) -> float:
    """How many windows of a horizon fit between the first and the last origin of each series, in all."""
    first, last = (np.full(int(origins.series.max(initial=-1)) + 1, start) for start in (np.inf, -np.inf))
    np.minimum.at(first, origins.series, origins.position)
    np.maximum.at(last, origins.series, origins.position)
    spans = (last - first)[last >= first]
    return float((1 + spans / horizon).sum())


class OriginIndex:
    """All origins whose windows training may see.

    The `horizon` steps from the origin end at the series' `ends` or before and hold at least one value; the
    `context` steps before it hold at least `min_history` values. Windows may reach back beyond the beginning
    of their series.

    Args:
        target: Values of all series, one after the other; NaN is missing.
        offsets: Where each series begins in it, and where the last one ends.
        ends: Where the training part of each series ends, counted from its beginning.
        context: Steps before the origin.
        horizon: Steps from the origin on.
        min_history: Values that must be there before the origin.

    Attributes:
        counts: Origins of each series.
        first: Number of the first origin of each series, and of all origins at the end.
    """

    def __init__(
        self,
        target: Float64[np.ndarray, " rows"],
        offsets: Int64[np.ndarray, " series_plus_1"],
        ends: Int64[np.ndarray, " series"],
        *,
        context: int,
        horizon: int,
        min_history: int = 1,
    ) -> None:
        rows, ends = len(target), np.minimum(ends, np.diff(offsets))
        allowed = np.zeros(-(-rows // _BLOCK) * _BLOCK, dtype=bool)
        values = np.zeros(rows + 1, dtype=np.int64)
        np.cumsum(~np.isnan(target), out=values[1:])
        for begin in range(0, rows, _ROWS_AT_ONCE):
            row = np.arange(begin, min(begin + _ROWS_AT_ONCE, rows))
            series = np.searchsorted(offsets, row, side="right") - 1
            position = row - offsets[series]
            fits = position + horizon <= ends[series]
            history = values[row] - values[row - np.minimum(position, context)]
            future = values[np.where(fits, row + horizon, row)] - values[row]
            allowed[row] = (history >= min_history) & (future > 0)
        self._allowed: Bool[np.ndarray, "blocks 256"] = allowed.reshape(-1, _BLOCK)
        self._until = np.cumsum(self._allowed.sum(axis=1))
        self._offsets = offsets
        self.counts = np.add.reduceat(allowed[:rows], offsets[:-1], dtype=np.int64)
        self.first = np.concatenate([[0], np.cumsum(self.counts)])

    def __len__(self) -> int:
        return int(self.first[-1])

    def __getitem__(self, numbers: Int64[np.ndarray, " origins"]) -> Origins:
        """The origins of these numbers, which count from 0 through series and positions."""
        block = np.searchsorted(self._until, numbers, side="right")
        inside = numbers - np.where(block > 0, self._until[block - 1], 0)
        counted = np.cumsum(self._allowed[block], axis=1, dtype=np.int32)
        row = block * _BLOCK + (counted > inside[:, None]).argmax(axis=1)
        series = np.searchsorted(self._offsets, row, side="right") - 1
        return Origins(series, row - self._offsets[series])

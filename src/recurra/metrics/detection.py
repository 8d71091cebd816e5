"""Scores of detected rows and stretches; none of them counts a whole stretch for one row that was found."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64

Stretch = tuple[int, int]
"""First row, and the one after the last."""


def stretches(flags: Bool[np.ndarray, " rows"]) -> list[Stretch]:
    """The rows that are flagged together."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def range_scores(true: Sequence[Stretch], told: Sequence[Stretch]) -> dict[str, float]:
    """Precision, recall and F1 of stretches, which count by how much of each is met and in how many pieces.

    The settings are the paper's for detection without a preference: no reward for existence alone, a flat
    bias, and one over the number of pieces for a stretch that is met in several.

    Returns:
        `range_precision` (1 where nothing was told), `range_recall` (1 where there is nothing), `range_f1`.

    Source: Tatbul, Lee, Zdonik, Alam and Gottschlich, "Precision and recall for time series" (2018).
    """
    recall, precision = _met(true, told), _met(told, true)
    total = precision + recall
    f1 = 2 * precision * recall / total if total else 0.0
    return {"range_f1": f1, "range_precision": precision, "range_recall": recall}


def _met(stretches: Sequence[Stretch], others: Sequence[Stretch]) -> float:
    """The mean over stretches of the share that others cover, over the number of those; 1 of none."""
    shares, first = [], 0
    for begin, end in stretches:
        while first < len(others) and others[first][1] <= begin:
            first += 1
        covered = pieces = 0
        for other_begin, other_end in others[first:]:
            if other_begin >= end:
                break
            covered += min(end, other_end) - max(begin, other_begin)
            pieces += 1
        shares.append(covered / (end - begin) / max(pieces, 1))
    return float(np.mean(shares)) if shares else 1.0


def average_precision(scores: Float64[np.ndarray, " rows"], true: Bool[np.ndarray, " rows"]) -> float:
    """The area under precision over recall as scores fall, without interpolation; NaN where nothing is true.

    Source: Davis and Goadrich, "The relationship between precision-recall and ROC curves" (2006).
    """
    if not true.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(true[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # rows of one score come together
    precision = found[last] / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(found[last], prepend=0) * precision) / true.sum())

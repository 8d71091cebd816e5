"""The score of the Numenta anomaly benchmark: early alarms inside a window count most, false ones cost.

Source: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms - the Numenta anomaly benchmark"
(2015), and the sweep over thresholds of its scorer since version 1.1.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

PROBATION, LONGEST = 0.15, 5000  # the share of a series that is not scored, and of how many rows at most
_FAR = 3.0  # widths of a window behind it, from where on a false alarm costs all that it can
_NOTHING = 1.1  # a threshold above all scores


class Profile(NamedTuple):
    """What alarms are worth and cost.

    Attributes:
        hit: Worth of a window that was found at its very beginning.
        false_alarm: Cost of a row outside of all windows.
        miss: Cost of a window that was not found.
    """

    hit: float
    false_alarm: float
    miss: float


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "standard": Profile(1.0, 0.11, 1.0),
        "reward_low_fp": Profile(1.0, 0.22, 1.0),
        "reward_low_fn": Profile(1.0, 0.11, 2.0),
    }
)


class Scored(NamedTuple):
    """What a detector says of a series, and where something was wrong.

    Attributes:
        scores: For each row, 0 to 1.
        windows: First and last row of every window, in their order.
        probation: First rows that are not scored; None: as many as in the benchmark.
    """

    scores: Float64[np.ndarray, " rows"]
    windows: Sequence[tuple[int, int]]
    probation: int | None = None


class NabScore(NamedTuple):
    """The score of a corpus, 0 for no alarm at all and 100 for perfect ones, and the threshold it is at."""

    score: float
    threshold: float


def probation_rows(rows: int) -> int:
    """How many first rows of a series a detector may learn from, which are not scored."""
    return int(min(math.floor(PROBATION * rows), PROBATION * LONGEST))


def nab_score(corpus: Sequence[Scored], profile: Profile, threshold: float | None = None) -> NabScore:
    """Score a detector on a corpus.

    Args:
        corpus: Its series.
        profile: What alarms are worth.
        threshold: Rows of at least this score are alarms; None: the one that is best for the whole corpus.

    Returns:
        The normalised score; NaN where no series has a window.
    """
    parts = [_gains(one, profile) for one in corpus]
    scores = np.concatenate([scores for scores, _ in parts])
    gains = np.concatenate([gains for _, gains in parts])
    windows = sum(len(one.windows) for one in corpus)
    order = np.argsort(-scores, kind="stable")
    totals = np.concatenate([[0.0], np.cumsum(gains[order])]) - windows * profile.miss
    levels = np.concatenate([[_NOTHING], scores[order]])
    last = np.append(levels[1:] != levels[:-1], True)  # rows of one score are alarms together
    totals, levels = totals[last], levels[last]
    if threshold is None:
        place = int(np.argmax(totals))
    else:
        place = max(int(np.searchsorted(-levels, -threshold, side="right")) - 1, 0)
    null, perfect = -windows * profile.miss, windows * profile.hit
    share = (totals[place] - null) / (perfect - null) if windows else math.nan
    return NabScore(100 * float(share), float(levels[place] if threshold is None else threshold))


def alarm_worth(rows: int, windows: Sequence[tuple[int, int]]) -> Float64[np.ndarray, " rows"]:
    """What an alarm at each row is worth: 1 to 0 inside a window, 0 to -1 behind it, -1 before the first."""
    worth = np.full(rows, -1.0)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        inside = np.arange(first, last + 1)
        worth[inside] = _sigmoid((inside - last - 1) / width) / _sigmoid(np.array([-1.0]))
        until = windows[number + 1][0] if number + 1 < len(windows) else rows
        behind = (np.arange(last + 1, until) - last) / max(width - 1, 1)
        worth[last + 1 : until] = np.where(behind >= _FAR, -1.0, _sigmoid(behind))
    return worth


def _sigmoid(place: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """From 1 to -1, 0 at a window's right edge."""
    return np.asarray(2 / (1 + np.exp(5 * np.minimum(place, _FAR))) - 1)


def _gains(
    one: Scored, profile: Profile
) -> tuple[Float64[np.ndarray, " judged"], Float64[np.ndarray, " judged"]]:
    """The rows that are judged: their scores, and what each adds as the threshold falls below it.

    In a window the best row that is an alarm counts, so a row adds what it is better than those before it in
    the order of scores; the first pays the cost of the miss back.
    """
    rows = len(one.scores)
    begin = probation_rows(rows) if one.probation is None else one.probation
    worth = alarm_worth(rows, one.windows)
    gains = profile.false_alarm * worth
    for first, last in one.windows:
        inside = np.arange(max(first, begin), last + 1)
        ranked = inside[np.argsort(-one.scores[inside], kind="stable")]
        best = np.maximum.accumulate(profile.hit * worth[ranked])
        gains[ranked] = np.diff(best, prepend=-profile.miss)
    return one.scores[begin:], gains[begin:]

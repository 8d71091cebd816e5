"""Words told in sound that does not end: what was missed, and how often what was not said was told."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from recurra.errors import DataError

COLLAR = 0.5
"""Seconds by which the middle of a word that was told may lie outside of where it was said."""


class Spoken(NamedTuple):
    """A word, and the seconds between which it lies."""

    word: str
    start: float
    end: float


def hits(told: Sequence[Spoken], said: Sequence[Spoken], collar: float = COLLAR) -> int:
    """The most pairs of a word told and one said that are the same, where no one is in two pairs.

    The middle of what was told lies within what was said, or at most `collar` seconds outside.
    """
    middles, places = defaultdict(list), defaultdict(list)
    for word, start, end in told:
        middles[word].append((start + end) / 2)
    for word, start, end in said:
        places[word].append((start - collar, end + collar))
    return sum(_pairs(sorted(middles[word]), sorted(own)) for word, own in places.items() if word in middles)


def spotting_scores(
    told: Sequence[Spoken], said: Sequence[Spoken], seconds: float, collar: float = COLLAR
) -> dict[str, float]:
    """How well words were spotted.

    Args:
        told: What a listener told, in any order.
        said: What was said, in any order.
        seconds: How long it listened.
        collar: As of `hits`.

    Returns:
        `miss_rate` (the share of the words said that were not told; 0 where there are none) and
        `false_alarms_per_hour` (of words told that were not said; another word at its place is both).

    Raises:
        DataError: It did not listen for any time.

    Source: Fiscus and others, "Results of the 2006 spoken term detection evaluation" (2007), whose mapping
    also allows half a second, but goes by the scores of what was told.
    """
    if not seconds > 0:
        raise DataError(f"{seconds} seconds of sound", "more than 0", "Give how long the sound lasts.")
    right = hits(told, said, collar)
    return {
        "miss_rate": 1 - right / len(said) if said else 0.0,
        "false_alarms_per_hour": (len(told) - right) * 3600 / seconds,
    }


def _pairs(middles: Sequence[float], places: Sequence[tuple[float, float]]) -> int:
    """Moments and stretches that contain them, paired: each moment takes the stretch that ends first."""
    free, found = [*places], 0
    for middle in middles:
        free = [one for one in free if one[1] >= middle]
        open_now = [one for one in free if one[0] <= middle]
        if open_now:
            free.remove(min(open_now, key=lambda one: one[1]))
            found += 1
    return found

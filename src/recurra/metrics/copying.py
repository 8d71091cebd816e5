"""How much of what a model makes stands in what it learnt from."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

_MOST = 1_000_000
_GAP = 0xD800  # code points from here on are halves of others


class Copy(NamedTuple):
    """A stretch that stands in another text, too.

    Attributes:
        begin: Where it begins.
        end: Where it ends.
        length: How many symbols it has, where those that are repeated count once.
    """

    begin: int
    end: int
    length: int


def longest_copy(made: Integer[np.ndarray, " made"], learnt: Integer[np.ndarray, " learnt"]) -> Copy:
    """The longest stretch of a text that stands in another one; of several the first.

    How often a symbol is repeated does not count, since every text has its spaces and rules.

    Args:
        made: Symbols by number, such as a model made.
        learnt: Those that it learnt from.
    """
    most = max(int(made.max(initial=0)), int(learnt.max(initial=0)))
    if most >= _MOST:  # more than there are letters for: those that were made are few
        known, made = np.unique(made, return_inverse=True)
        places_of = np.searchsorted(known, learnt)
        there = known[np.minimum(places_of, len(known) - 1)] == learnt
        learnt = np.where(there, places_of, len(known))
    places = _changes(made)
    text, whole = _letters(made[places]), _letters(learnt[_changes(learnt)])
    first, length = 0, 0
    for begin in range(len(text)):
        while begin + length < len(text) and text[begin : begin + length + 1] in whole:
            first, length = begin, length + 1
    ends = [*places.tolist(), len(made)]
    return Copy(ends[first], ends[first + length], length) if length else Copy(0, 0, 0)


def _changes(numbers: Integer[np.ndarray, " symbols"]) -> Integer[np.ndarray, " changes"]:
    """Where a symbol is another than the one before."""
    return np.flatnonzero(np.diff(numbers, prepend=-1))


def _letters(numbers: Integer[np.ndarray, " symbols"]) -> str:
    """A letter for each symbol, so that texts can be searched."""
    points = np.asarray(numbers, np.uint32)
    return np.where(points < _GAP, points, points + 0x800).astype("<u4").tobytes().decode("utf-32-le")

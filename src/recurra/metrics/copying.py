"""How much of what a model makes stands in what it learnt from."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

_GAP = 0xD800  # code points from here on are halves of others


class Copy(NamedTuple):
    """A stretch that stands in another text as it is.

    Attributes:
        begin: Where it begins.
        length: How many symbols it has.
    """

    begin: int
    length: int


def longest_copy(made: Integer[np.ndarray, " made"], learnt: Integer[np.ndarray, " learnt"]) -> Copy:
    """The longest stretch of a text that stands in another one; of several the first.

    Args:
        made: Symbols by number, such as a model made.
        learnt: Those that it learnt from.
    """
    text, whole = _letters(made), _letters(learnt)
    best = Copy(0, 0)
    for begin in range(len(text)):
        while begin + best.length < len(text) and text[begin : begin + best.length + 1] in whole:
            best = Copy(begin, best.length + 1)
    return best


def _letters(numbers: Integer[np.ndarray, " symbols"]) -> str:
    """A letter for each symbol, so that texts can be searched."""
    points = np.asarray(numbers, np.uint32)
    return np.where(points < _GAP, points, points + 0x800).astype("<u4").tobytes().decode("utf-32-le")

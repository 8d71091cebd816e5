"""How far out a number lies among those before it: what turns any number into an online score."""

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable

FEWEST = 20  # numbers before the first that is told of
FARTHEST = 50.0
_LOG_RARE = math.log(0.001)
_FLOOR = 0.2  # of the whole range: what a distance is never measured in less than


class Tail:
    """The last numbers of a series, in order of time and of size.

    A number's distance is its distance from their median over that of the quantile which a `share` of them
    lies beyond, on its own side: numbers of a skewed kind are far out above where they are common, and near
    below. Of numbers that can be exchanged, about the share on either side has a distance of 1 or more. A
    number that is nearer is told by its rank: those have a distance d that a share of 0.001^d lies beyond. A
    series that returns to its bounds again and again is not strange there.

    Args:
        size: How many numbers are kept.
        share: Of the numbers, on each side, that lie beyond a distance of 1; 0: none but new extremes.

    Source: Vovk, Gammerman and Shafer, "Algorithmic learning in a random world" (2005), for the rank of a
    number among those before it as its probability.
    """

    def __init__(self, size: int, share: float, numbers: Iterable[float] = ()) -> None:
        self.size, self.share = size, share
        self.numbers: deque[float] = deque(numbers)
        self._ordered = sorted(self.numbers)

    def distance(self, number: float) -> float:
        """How far out a number lies, at most 50; 0 while too few came before it."""
        known = self._ordered
        count = len(known)
        if count <= FEWEST:
            return 0.0
        middle = known[count // 2]
        away = number - middle
        if away == 0:
            return 0.0
        high = known[min(int((1 - self.share) * count), count - 1)] - middle
        low = middle - known[int(self.share * count)]
        unit = max(high if away > 0 else low, _FLOOR * (known[-1] - known[0]))
        ratio = min(abs(away) / unit, FARTHEST) if unit > 0 else FARTHEST
        if ratio >= 1:
            return ratio
        beyond = count - bisect_left(known, number) if away > 0 else bisect_right(known, number)
        return min(ratio, math.log((beyond + 1) / (count + 1)) / _LOG_RARE)

    def add(self, number: float) -> None:
        """Remember a number; the oldest is forgotten where there are too many."""
        if len(self.numbers) == self.size:
            del self._ordered[bisect_left(self._ordered, self.numbers.popleft())]
        self.numbers.append(number)
        insort(self._ordered, number)

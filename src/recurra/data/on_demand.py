"""Encoded rows that are made when they are asked for, for data that would not lie in memory at once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import SupportsIndex, overload

import numpy as np
from jaxtyping import Int64, Shaped

KEPT = 512 * 2**20
"""Bytes of the rows that were asked for last which are kept."""


class OnDemand(Sequence[np.ndarray]):
    """Rows that a function makes; those that were asked for last are kept, within a bound.

    Args:
        make: From the number of a row to its array (time, ...), or to what `unfold` takes.
        lengths: Steps of every row.
        kept: Bytes that are kept at most.
        unfold: From what is made and kept to the row; None: it is the row.
    """

    def __init__(
        self,
        make: Callable[[int], Shaped[np.ndarray, "time ..."]],
        lengths: Int64[np.ndarray, " rows"],
        kept: int = KEPT,
        unfold: Callable[[np.ndarray], Shaped[np.ndarray, "time ..."]] | None = None,
    ) -> None:
        self.lengths, self._unfold = lengths, unfold
        self._make, self._bound = make, kept
        self._rows: OrderedDict[int, np.ndarray] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, row: SupportsIndex) -> np.ndarray: ...

    @overload
    def __getitem__(self, row: slice) -> list[np.ndarray]: ...

    def __getitem__(self, row: SupportsIndex | slice) -> np.ndarray | list[np.ndarray]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        number = range(len(self))[row]
        if number not in self._rows:
            self._keep(number, self._make(number))
        self._rows.move_to_end(number)
        found = self._rows[number]
        return found if self._unfold is None else self._unfold(found)

    def _keep(self, number: int, made: np.ndarray) -> None:
        self._rows[number] = made
        self._bytes += made.nbytes
        while self._bytes > self._bound and len(self._rows) > 1:
            self._bytes -= self._rows.popitem(last=False)[1].nbytes


def lengths_of(rows: Sequence[np.ndarray]) -> Int64[np.ndarray, " rows"]:
    """Steps of every row; none is made for it."""
    if isinstance(rows, OnDemand):
        return rows.lengths
    return np.array([len(one) for one in rows], np.int64)

"""Where live series are in time: what follows what, which gaps are filled, and what a series begins from.

A row of a series comes after the last one. Steps between them that got no row are missing ones, up to the
clock's longest gap. A row after a longer gap is refused, since it may be a mistaken date; when the next row
goes on from there, the series begins anew. A row without a time is the step after the last one, where no row
of the series had a time; else it is refused, since it would take the step of a row that has one.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from recurra.errors import DataError
from recurra.inputs.series.clock import Clock, Moment
from recurra.inputs.series.spelling import Style

BLOCK = 64
"""Steps whose times are computed together, since most rows are the step after the last one."""

_MOST_BLOCKS = 1024


class Place(NamedTuple):
    """The last step of a series.

    Attributes:
        position: Counted from the step at `start`; it may be negative.
        start: Grid time that positions count from; None where no row had a time.
        apart: Position of a row that was refused, as it came after too long a gap.
        dated: Whether a row of the series had a time.
    """

    position: int
    start: int | None = None
    apart: int | None = None
    dated: bool = False


class Arrival(NamedTuple):
    """How a row goes on with its series.

    Attributes:
        place: Its step.
        missing: Steps before it that got no row.
        history: How many of the rows that a run keeps of the series come before all that; None: the series
            was under way already, or has none.
        begins: Whether nothing that came before counts.
        notes: What people should know, in sentences.
    """

    place: Place
    missing: int = 0
    history: int | None = None
    begins: bool = False
    notes: tuple[str, ...] = ()


class Timelines:
    """The timelines of many series.

    Args:
        clock: Of all of them.
        kept: Last places of the series that a run keeps rows of.
        lengths: How many rows it keeps of each.

    Attributes:
        places: Where each series is; who takes a row puts its place there.
    """

    def __init__(self, clock: Clock, kept: Mapping[str, Place], lengths: Mapping[str, int]) -> None:
        self.clock, self._kept, self._lengths = clock, kept, lengths
        self.places: dict[str, Place] = {}
        self._blocks: dict[tuple[int, int], list[int]] = {}
        self._texts: dict[tuple[int, int, Style], np.ndarray] = {}

    def fresh(self) -> "Timelines":
        """The same with no series under way."""
        return Timelines(self.clock, self._kept, self._lengths)

    def arrive(self, name: str, moment: Moment | None) -> Arrival:
        """How a row goes on with its series; no place changes, but for a row's that is refused.

        Raises:
            DataError: Its time is off the grid, not after the last one, too long after it, or missing.
        """
        last = self.places.get(name)
        if last is None:
            return self._first(name, moment)
        if moment is None:
            if last.dated:
                raise DataError(
                    f"a row without {self.clock.column!r}",
                    f"the time of each row of a series, as of the one at {self._told(last)}",
                    "Give it.",
                )
            return Arrival(last._replace(position=last.position + 1, apart=None))
        if last.start is None:
            return Arrival(Place(0, self.clock.start(moment), dated=True))
        position = last.position + 1
        if self._block(last.start, position)[position % BLOCK] != moment.time:
            position = self.clock.position(last.start, moment, last.position)
        if position <= last.position:
            raise DataError(
                f"{self.clock.column!r} holds {moment.given!r}, not after {self._told(last, moment)}, "
                "the last of its series",
                "a later time",
                "Send the rows of a series in the order of their times, each once.",
            )
        missing = position - last.position - 1
        if missing <= self.clock.longest_gap:
            return Arrival(last._replace(position=position, apart=None, dated=True), missing)
        before = last.apart
        self.places[name] = last._replace(apart=position)
        if before is None or not 0 < position - before <= self.clock.longest_gap + 1:
            raise DataError(
                f"{self.clock.column!r} holds {moment.given!r}, {missing:,} missing steps after "
                f"{self._told(last, moment)}",
                f"at most {self.clock.longest_gap:,}",
                "Correct the time; where the next row goes on from it, the series begins anew there.",
            )
        note = f"{_called(name)} begins anew at {moment.given}, after {missing:,} missing steps"
        return Arrival(Place(position, last.start, dated=True), begins=True, notes=(note,))

    def ahead(self, place: Place, horizon: int, like: Moment) -> np.ndarray:
        """The times of the steps ahead of a row that has a time, written as that is; (horizon,)."""
        start, first = place.start or 0, place.position + 1
        key = (start, first // BLOCK, like.style)
        if key not in self._texts:
            if len(self._texts) >= _MOST_BLOCKS:
                self._texts.clear()
            begin = BLOCK * key[1]
            self._texts[key] = self.clock.written(
                start, np.arange(begin, begin + BLOCK + horizon), like.style
            )
        return self._texts[key][first % BLOCK : first % BLOCK + horizon]

    def _block(self, start: int, position: int) -> list[int]:
        """The times of some steps, of which a position is one: to look up what comes next is faster."""
        key = (start, position // BLOCK)
        if key not in self._blocks:
            if len(self._blocks) >= _MOST_BLOCKS:
                self._blocks.clear()
            positions = np.arange(BLOCK * key[1], BLOCK * key[1] + BLOCK)
            self._blocks[key] = self.clock.grid.advance(np.array([start]), positions).tolist()
        return self._blocks[key]

    def _first(self, name: str, moment: Moment | None) -> Arrival:
        """The first row of a series, which may go on from what a run keeps of it."""
        kept = self._kept.get(name)
        if kept is None and name == "" and len(self._kept) == 1:
            name = next(iter(self._kept))
            kept = self._kept[name]
        if kept is None or kept.start is None:
            start = None if moment is None else self.clock.start(moment)
            return Arrival(
                Place(0, start, dated=moment is not None),
                notes=(f"{_called(name)} starts cold: the run holds no row of it",),
            )
        rows = self._lengths[name]
        if moment is None:
            note = (
                f"{_called(name)} goes on after the run's last row, {self._told(kept)}: the row has no time"
            )
            return Arrival(kept._replace(position=kept.position + 1), history=rows, notes=(note,))
        position = self.clock.position(kept.start, moment, kept.position)
        place = Place(position, kept.start, dated=True)
        history = min(rows, rows + position - kept.position - 1)
        missing = max(0, position - kept.position - 1)
        if history <= 0:
            what = (
                f"the run's rows begin at {self._told(Place(kept.position - rows + 1, kept.start), moment)}"
            )
        elif missing > self.clock.longest_gap:
            what = f"{moment.given} is {missing:,} missing steps after the run's last row"
        else:
            return Arrival(place, missing, history)
        return Arrival(place, notes=(f"{_called(name)} starts cold: {what}",))

    def _told(self, place: Place, like: Moment | None = None) -> str:
        start = place.start or 0
        return str(self.clock.written(start, np.array([place.position]), like.style if like else None)[0])


def _called(name: str) -> str:
    return f"series {name}" if name else "the series"

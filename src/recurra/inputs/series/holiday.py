"""Public holidays as covariates known ahead, which times alone give: no table has to hold them.

For steps of up to a day it is 1 where the local day is a holiday, and 0 elsewhere; for longer ones it is the
share of their days. A step begins at its time, and lasts until the next one; months and quarters that are
dated by their last day end with it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from recurra.data.holiday import as_place, days_off
from recurra.data.zone import DAY
from recurra.errors import DataError
from recurra.inputs.series.grid import Grid

_LAST_DAY = 31
_YEAR = 12  # months


@dataclass(frozen=True)
class Holidays:
    """Whose holidays, and how far ahead.

    Attributes:
        places: Codes such as "DE" and "DE-BY", each of which is a covariate; none: there are none.
        ahead: Steps after the last target of a series for which they are wanted.
    """

    places: tuple[str, ...] = ()
    ahead: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """What the covariates are called."""
        return tuple(f"holidays {place}" for place in self.places)

    def told(self, grid: Grid) -> tuple[str, ...]:
        """What people should know of them, in sentences.

        Raises:
            DataError: Steps have none, as they are whole numbers or years.
        """
        frequency = grid.frequency
        if not self.places:
            return ()
        if not (frequency.is_integer or frequency.months >= _YEAR):
            guessed = grid.zone is not None and (grid.zone == "UTC" or grid.zone[0] in "+-")
            note = f"holidays are those of days in {grid.zone}; time_zone=... names another zone"
            return (note,) if guessed else ()
        what = "whole numbers, which no calendar has" if frequency.is_integer else f"steps of {frequency}"
        raise DataError(
            f"holidays={','.join(self.places)} and {what}",
            "times of which a year has several",
            "Leave holidays out, or name a time column with dates.",
        )

    def shares(
        self, grid: Grid, starts: Int64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"]
    ) -> Float32[np.ndarray, "rows places"]:
        """The share of holidays in each step.

        Args:
            grid: What steps lie on.
            starts: Grid times of first steps.
            steps: How many steps after these.
        """
        begin, end = _days(grid, starts, steps)
        found = np.empty((len(begin), len(self.places)), dtype=np.float32)
        if not found.size:
            return found
        first, last = int(begin.min()), int(end.max())
        for at, place in enumerate(self.places):
            total = np.concatenate([[0], np.cumsum(_is_off(place, first, last))])
            found[:, at] = (total[end - first] - total[begin - first]) / (end - begin)
        return found

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "Holidays":
        """What `to_dict` described; nothing: there are none.

        Raises:
            ValueError: A place is unknown, or the steps are below 0.
            MissingDependencyError: The package that knows them is not installed.
        """
        places, ahead = tuple(map(as_place, description.get("places", ()))), int(description.get("ahead", 0))
        if ahead < 0:
            raise ValueError(f"holidays {ahead} steps ahead")
        return cls(places, ahead)


def _days(
    grid: Grid, starts: Int64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"]
) -> tuple[Int64[np.ndarray, " rows"], Int64[np.ndarray, " rows"]]:
    """The first day of each step, and the first one after it."""
    frequency = grid.frequency
    day = grid.to_wall(grid.advance(starts, steps)) // DAY
    if frequency.is_business or 0 < frequency.size <= DAY:
        return day, day + 1
    if frequency.month_day == _LAST_DAY:
        return grid.advance(starts, steps - 1) // DAY + 1, day + 1
    return day, grid.to_wall(grid.advance(starts, steps + 1)) // DAY


def _is_off(place: str, first: int, last: int) -> np.ndarray:
    """Whether each day from the first up to the last is a holiday."""
    ends = np.array([first, last]).astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    years = range(max(int(ends[0]), 1), min(int(ends[1]), 9999) + 1)
    days = np.array([day for year in years for day in days_off(place, year)], dtype=np.int64)
    off = np.zeros(last - first, dtype=bool)
    off[days[(days >= first) & (days < last)] - first] = True
    return off

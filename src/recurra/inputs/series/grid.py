"""The regular grid of a panel: from a series' first step to the time of any other, and back.

Steps shorter than a day follow UTC, so that every hour counts once over changes of the clock. Days and longer
steps follow the clock on the wall, so that a day begins at midnight all year. Grid time is whichever of the
two applies.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from recurra.data.zone import DAY, load_zone
from recurra.inputs.series.frequency import Frequency, advance, business_day_of, split_month

_MONDAY = 4 * DAY  # 1970-01-05


@dataclass(frozen=True)
class Grid:
    """A frequency in a time zone (None: times without a zone, or integers)."""

    frequency: Frequency
    zone: str | None = None

    def from_utc(self, times: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
        """Grid times of times in UTC."""
        return load_zone(self.zone).wall(times) if self.zone and self.frequency.follows_wall else times

    def to_utc(self, times: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
        """Times in UTC of grid times."""
        return load_zone(self.zone).utc(times) if self.zone and self.frequency.follows_wall else times

    def to_wall(self, times: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
        """What the clock on the wall shows at grid times."""
        return load_zone(self.zone).wall(times) if self.zone and not self.frequency.follows_wall else times

    def advance(
        self, times: Int64[np.ndarray, "*starts"], steps: Int64[np.ndarray, "*steps"]
    ) -> Int64[np.ndarray, "*result"]:
        """Grid times some steps after others; the arrays broadcast."""
        return advance(times, steps, self.frequency)

    def phase(self, times: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " rows"]:
        """Where in a step a time lies; times of one regular series have one phase."""
        if self.frequency.months:
            return split_month(times)[0] % self.frequency.months
        if self.frequency.is_business:
            return times % DAY
        origin = _MONDAY if self.frequency.unit == "w" else 0
        return (times - origin) % self.frequency.size

    def at_phase(
        self, times: Int64[np.ndarray, " series"], phase: Int64[np.ndarray, " series"]
    ) -> Int64[np.ndarray, " series"]:
        """The grid points of a phase that are nearest to some times."""
        if self.frequency.months:
            behind = (phase - self.phase(times)) % self.frequency.months
            behind = np.where(2 * behind > self.frequency.months, behind - self.frequency.months, behind)
            return advance(times, behind, Frequency(1, "mo", self.frequency.month_day))
        size = DAY if self.frequency.is_business else self.frequency.size
        ahead = (phase - self.phase(times)) % size
        nearest: np.ndarray = times + np.where(2 * ahead > size, ahead - size, ahead)
        return nearest

    def positions(
        self, starts: Int64[np.ndarray, " rows"], times: Int64[np.ndarray, " rows"]
    ) -> tuple[Int64[np.ndarray, " rows"], Bool[np.ndarray, " rows"]]:
        """The nearest step of every time, counted from its series' start, and whether it is on the grid."""
        if self.frequency.is_business:
            distance, size = business_day_of(times) - business_day_of(starts), 1
        elif self.frequency.months:
            distance = split_month(times)[0] - split_month(starts)[0]
            size = self.frequency.months
        else:
            distance, size = times - starts, self.frequency.size
        steps = (2 * distance + size) // (2 * size)
        return steps, advance(starts, steps, self.frequency) == times

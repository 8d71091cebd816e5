"""A time zone as a table of its changes, so that millions of times convert in a few numpy calls.

Times are int64 microseconds since 1970-01-01: in UTC, or as the clock on the wall shows them. Zone rules are
known from 1900 to 2100; outside, the first and last offset hold. They are those of polars, which is loaded
when a zone is first looked up, so that who needs none stays small.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from recurra.errors import DataError

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
FIRST_YEAR, LAST_YEAR = 1900, 2100
USUAL = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Athens",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Halifax",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "America/Santiago",
)
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


@dataclass(frozen=True)
class Zone:
    """The offsets of one time zone.

    Attributes:
        name: As in the IANA database ("Europe/Berlin"), or an offset ("+05:30").
        changes: Times in UTC at which a new offset begins; the first is before all others.
        offsets: Wall time minus UTC from each change on, in microseconds.
    """

    name: str
    changes: Int64[np.ndarray, " changes"]
    offsets: Int64[np.ndarray, " changes"]

    def wall(self, times: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
        """What the clock on the wall shows at times given in UTC."""
        wall: np.ndarray = times + self.offsets[np.searchsorted(self.changes, times, side="right") - 1]
        return wall

    def utc(self, wall: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
        """Times in UTC of what the clock on the wall shows.

        A wall time that occurs twice means its first occurrence; one that is skipped moves forward by the
        skip.
        """
        turning = self.changes[1:] + np.maximum(self.offsets[1:], self.offsets[:-1])
        times: np.ndarray = wall - self.offsets[np.searchsorted(turning, wall, side="right")]
        return times


@lru_cache(maxsize=64)
def load_zone(name: str) -> Zone:
    """The table of a zone's changes.

    Raises:
        DataError: The zone has no such name.
    """
    beginning = np.array([np.iinfo(np.int64).min // 2], dtype=np.int64)
    if name == "UTC":
        return Zone(name, beginning, np.zeros(1, dtype=np.int64))
    if _OFFSET.fullmatch(name):
        return Zone(name, beginning, np.array([offset_of(name)], dtype=np.int64))
    turn = np.array([_year_begin(FIRST_YEAR)], dtype=np.int64)
    before = _offsets(turn, name)
    size = _year_begin(LAST_YEAR) - _year_begin(FIRST_YEAR)
    for finer in (DAY, HOUR, 60 * SECOND, SECOND):  # find the pieces with a change in ever shorter ones
        borders = turn[:, None] + np.arange(0, size + 1, finer, dtype=np.int64)
        changed = np.diff(_offsets(borders.ravel(), name).reshape(borders.shape), axis=1) != 0
        turn, size = borders[:, :-1][changed], finer
    begins = turn + SECOND
    return Zone(name, np.concatenate([beginning, begins]), np.concatenate([before, _offsets(begins, name)]))


def offset_of(text: str) -> int:
    """Microseconds that a clock with an offset ("Z", "+05:30", "+0530") is ahead of UTC."""
    if text == "Z":
        return 0
    sign, hours, minutes = text[0], int(text[1:3]), int(text[-2:])
    return (1 if sign == "+" else -1) * (hours * HOUR + minutes * 60 * SECOND)


def zone_of(
    times: Int64[np.ndarray, " rows"], offsets: Int64[np.ndarray, " rows"], likely: Sequence[str] = ()
) -> str | None:
    """The first zone, of some likely and some usual ones, whose clock has these offsets at these times.

    Args:
        times: In UTC.
        offsets: In microseconds, as the rows state them.
        likely: Names to try first.
    """
    for name in (*likely, *USUAL):
        if np.array_equal(load_zone(name).wall(times) - times, offsets):
            return name
    return None


def _year_begin(year: int) -> int:
    return int(np.datetime64(f"{year}-01-01", "us").astype(np.int64))


def _offsets(times: Int64[np.ndarray, " times"], name: str) -> Int64[np.ndarray, " times"]:
    import polars as pl  # noqa: PLC0415 - a stream whose times have no zone needs none of it

    utc = pl.Series(times).cast(pl.Datetime("us", "UTC"))
    try:
        wall = utc.dt.convert_time_zone(name).dt.replace_time_zone(None)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"time zone {name!r} is not known",
            "a name of the IANA database",
            "Write it like 'Europe/Berlin'.",
        ) from error
    offsets: np.ndarray = wall.to_physical().to_numpy() - times
    return offsets

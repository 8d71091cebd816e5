"""Where in the day, week, month and year a time lies, as points on circles.

Each cycle gives two columns, the sine and cosine of the phase: the last hour of a day is then as near to the
first hour of the next as to the hour before it, which no single column in [-0.5, 0.5] can say. A whole number
of 400 years has a whole number of weeks, so the calendar is a table of 146,097 days, and features are two
look-ups.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Complex64, Float32, Int64

from recurra.data.naming import listed, suggestion
from recurra.data.zone import DAY, HOUR, SECOND, load_zone
from recurra.errors import ConfigError
from recurra.inputs.series.frequency import Frequency

_DAYS_IN_400_YEARS = 146_097
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_SPANS = {
    "minute": 60 * SECOND,
    "hour": HOUR,
    "day": DAY,
    "week": 7 * DAY,
    "month": 28 * DAY,
    "year": 365 * DAY,
}
CYCLES = tuple(_SPANS)


def calendar_cycles(frequency: Frequency, span: int | None = None) -> tuple[str, ...]:
    """The cycles worth telling a model about.

    A cycle must be longer than one step. Data that repeat the cycle less than once (`span`, in microseconds)
    cannot teach it, so it is left out. Integers have no calendar; months and quarters have only the year.
    """
    if frequency.is_integer or frequency.unit == "y":
        return ()
    size = DAY if frequency.is_business else frequency.size
    if frequency.months or frequency.unit == "w":
        names: tuple[str, ...] = ("year",)
    else:
        names = tuple(name for name, cycle in _SPANS.items() if cycle > size and cycle <= _reach(frequency))
    return tuple(name for name in names if span is None or span >= _SPANS[name])


def calendar_features(
    times: Int64[np.ndarray, "*shape"], cycles: tuple[str, ...], zone: str | None = None
) -> Float32[np.ndarray, "*shape columns"]:
    """Sine and cosine of the phase of every cycle.

    Args:
        times: Microseconds since 1970-01-01; in UTC when a zone is given, on the wall otherwise.
        cycles: Of minute, hour, day, week, month, year, as `calendar_cycles` gives them.
        zone: Whose clock and days count.

    Raises:
        ConfigError: There is no such cycle.
    """
    for cycle in cycles:
        if cycle not in CYCLES:
            raise ConfigError(
                f"calendar cycle {cycle!r}",
                f"one of {listed(CYCLES)}",
                suggestion(cycle, CYCLES, "Remove it."),
            )
    wall = load_zone(zone).wall(times) if zone else times
    days = wall // DAY
    points = np.empty((*times.shape, len(cycles)), dtype=np.complex64)
    for index, cycle in enumerate(cycles):
        if cycle in _SECONDS:
            count = _SECONDS[cycle]
            table, rows = _circle(count), (wall - days * DAY) // SECOND % count
        else:
            table, rows = _day_table(cycle), days % _DAYS_IN_400_YEARS
        points[..., index] = table[rows]
    return points.view(np.float32)


def _reach(frequency: Frequency) -> int:
    """Days reach a year; seconds an hour's worth of days; less than a second only an hour."""
    return {"us": HOUR, "ms": HOUR, "s": 7 * DAY}.get(frequency.unit, max(_SPANS.values()))


@lru_cache(maxsize=8)
def _circle(count: int) -> Complex64[np.ndarray, " count"]:
    return _points(np.arange(count) / count)


@lru_cache(maxsize=4)
def _day_table(cycle: str) -> Complex64[np.ndarray, " days"]:
    days = np.arange(_DAYS_IN_400_YEARS)
    if cycle == "week":
        return _points((days + 3) % 7 / 7)
    unit = "datetime64[M]" if cycle == "month" else "datetime64[Y]"
    period = days.astype("datetime64[D]").astype(unit)
    begin = period.astype("datetime64[D]").astype(np.int64)
    end = (period + 1).astype("datetime64[D]").astype(np.int64)
    return _points((days - begin) / (end - begin))


def _points(phase: np.ndarray) -> Complex64[np.ndarray, " phases"]:
    """Sine and cosine beside each other in one number, so that one look-up finds both."""
    angle = 2 * np.pi * phase
    return (np.sin(angle) + 1j * np.cos(angle)).astype(np.complex64)

"""How far apart the steps of a series are: a number of microseconds, hours, days, months, or of integers."""

import re
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from recurra.data.naming import suggestion
from recurra.data.zone import DAY, HOUR, SECOND
from recurra.errors import ConfigError

FIXED_UNITS = {
    "us": 1,
    "ms": 1000,
    "s": SECOND,
    "min": 60 * SECOND,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
}
MONTH_UNITS = {"mo": 1, "q": 3, "y": 12}
BUSINESS = "b"
UNITS = (*FIXED_UNITS, BUSINESS, *MONTH_UNITS, "integer")

# Spellings of pandas, polars and people; "M" is pandas' old month end.
_ALIASES = {
    "t": "min",
    "m": "min",
    "minute": "min",
    "hour": "h",
    "sec": "s",
    "second": "s",
    "l": "ms",
    "u": "us",
    "day": "d",
    "week": "w",
    "month": "mo",
    "quarter": "q",
    "year": "y",
    "a": "y",
}
_ANCHORED = {
    "MS": "mo",
    "M": "mo",
    "ME": "mo",
    "QS": "q",
    "Q": "q",
    "QE": "q",
    "YS": "y",
    "YE": "y",
    "AS": "y",
}

# The cycles that a season may follow, nearest first, and the spans of time that lags may look back.
_SEASONS = {
    "us": (SECOND,),
    "ms": (SECOND, 60 * SECOND),
    "s": (60 * SECOND, HOUR),
    "min": (DAY, 7 * DAY),
    "h": (DAY, 7 * DAY),
    "d": (7 * DAY, 28 * DAY, 364 * DAY),
    "w": (364 * DAY,),
}


@dataclass(frozen=True)
class Frequency:
    """The distance between two steps.

    Attributes:
        step: How many units.
        unit: One of us, ms, s, min, h, d, w, b (business days: Monday to Friday), mo, q, y, integer.
        month_day: For months, quarters and years: the day of the month of every step (31 = the month's last
            day; days that a month lacks become its last). None: the day of the series' first step.
    """

    step: int
    unit: str
    month_day: int | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ConfigError(
                f"frequency unit {self.unit!r}",
                f"one of {', '.join(UNITS)}",
                suggestion(self.unit, UNITS, "Choose one of these."),
            )
        day = 1 if self.month_day is None else self.month_day
        if not (1 <= self.step < 2**62 // FIXED_UNITS.get(self.unit, 1) and 1 <= day <= 31):
            raise ConfigError(f"a frequency of {self}", "at least 1, as times allow", "Write it like '1h'.")
        if self.is_business and self.step > 1:
            raise ConfigError(f"a frequency of {self.step} business days", "one", "Write 'b', or '1w'.")

    def __str__(self) -> str:
        if self.unit == "integer":
            return f"{self.step} (integers)"
        return f"{self.step}{self.unit}" + ("" if self.month_day is None else f" on day {self.month_day}")

    @property
    def is_integer(self) -> bool:
        """Whether time is a plain number without a calendar."""
        return self.unit == "integer"

    @property
    def is_business(self) -> bool:
        """Whether steps are the days from Monday to Friday."""
        return self.unit == BUSINESS

    @property
    def months(self) -> int:
        """The step in months; 0 when it has a fixed length."""
        return self.step * MONTH_UNITS.get(self.unit, 0)

    @property
    def size(self) -> int:
        """The step in microseconds (in units for integers); 0 when its length varies."""
        return self.step * FIXED_UNITS.get(self.unit, int(self.is_integer))

    @property
    def follows_wall(self) -> bool:
        """Whether steps are days or longer, and so follow the clock on the wall when its offset changes."""
        return self.unit in ("d", "w", BUSINESS, *MONTH_UNITS)

    @property
    def season_length(self) -> int:
        """Steps of the nearest natural season; 1 when there is none.

        A day for hours and for minutes of which a day has at most 288; otherwise an hour for minutes; a
        minute for seconds; a second for less; a week for days (7) and business days (5); a year for weeks,
        months and quarters; 1 for years and integers.
        """
        lags = self.seasonal_lags
        return lags[0] if lags else 1

    @property
    def seasonal_lags(self) -> tuple[int, ...]:
        """Steps back to the same point of earlier seasons: 24 and 168 for hours; 7, 28 and 364 for days."""
        if self.is_integer:
            return ()
        if self.is_business:
            return (5, 20, 260)
        if self.months:
            return (12 // self.months,) if self.months < 12 and 12 % self.months == 0 else ()
        cycles = _SEASONS[self.unit]
        if self.unit == "min" and 288 * self.size < DAY:
            cycles = (HOUR, *cycles)
        return tuple(cycle // self.size for cycle in cycles if cycle % self.size == 0 and cycle > self.size)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "Frequency":
        """The frequency that `to_dict` described."""
        return cls(**description)


def parse_frequency(text: str) -> Frequency:
    """Read a frequency: "1h", "15min", "d", "mo", "q", or as pandas does: "H", "W-SUN", "MS", "ME", "QE".

    Raises:
        ConfigError: It is not a frequency.
    """
    match = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]*)(?:-[A-Za-z]+)?\s*", text)
    number, word = match.groups() if match else ("", "")
    if match and word == "" and number:
        return Frequency(int(number), "integer")
    unit, month_day = word.lower(), None
    if word in _ANCHORED:
        unit, month_day = _ANCHORED[word], 1 if word.endswith("S") else 31
    unit = unit if unit in UNITS else _ALIASES.get(unit, _ALIASES.get(unit.removesuffix("s"), unit))
    if unit not in UNITS:
        raise ConfigError(
            f"frequency {text!r}",
            "a number and a unit, such as '1h', '15min', '1d', '1w', '1mo', '1q' or '1y'",
            suggestion(unit, UNITS, "Leave it out to have it inferred."),
        )
    return Frequency(int(number or 1), unit, month_day)


def as_frequency(given: Frequency | str | None) -> Frequency | None:
    """A frequency that may be written; errors as of `parse_frequency`."""
    return parse_frequency(given) if isinstance(given, str) else given


def advance(
    times: Int64[np.ndarray, "*starts"], steps: Int64[np.ndarray, "*steps"], frequency: Frequency
) -> Int64[np.ndarray, "*result"]:
    """Times that lie some steps after (or before) others; the two arrays broadcast.

    Times are microseconds on a clock whose days all have 24 hours (UTC, or the wall), or plain integers.
    """
    if frequency.is_business:
        days = business_day_of(times) + steps
        return business_time(days, times % DAY)
    if not frequency.months:
        later: np.ndarray = times + steps * frequency.size
        return later
    start_month, day, clock = split_month(times)
    wanted = day if frequency.month_day is None else np.int64(frequency.month_day)
    return month_time(start_month + steps * frequency.months, wanted, clock)


def business_day_of(times: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    """Business days since Monday, 1969-12-29; a Saturday or Sunday counts as the Friday before."""
    weeks, weekday = np.divmod(times // DAY + 3, 7)
    days: np.ndarray = 5 * weeks + np.minimum(weekday, 4)
    return days


def business_time(
    days: Int64[np.ndarray, "*shape"], clock: Int64[np.ndarray, "*clocks"]
) -> Int64[np.ndarray, "*result"]:
    """The time of a business day, and of microseconds since midnight."""
    weeks, weekday = np.divmod(days, 5)
    times: np.ndarray = (7 * weeks + weekday - 3) * DAY + clock
    return times


def split_month(
    times: Int64[np.ndarray, "*shape"],
) -> tuple[Int64[np.ndarray, "*shape"], Int64[np.ndarray, "*shape"], Int64[np.ndarray, "*shape"]]:
    """Months since 1970-01, the day of the month from 1, and microseconds since midnight."""
    days = times // DAY
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    return months.astype(np.int64), days - first + 1, times - days * DAY


def month_time(
    months: Int64[np.ndarray, "*shape"],
    day: Int64[np.ndarray, "*days"] | np.int64,
    clock: Int64[np.ndarray, "*days"],
) -> Int64[np.ndarray, "*result"]:
    """The time on a day of some months; a day that a month lacks becomes its last."""
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    times: np.ndarray = (first + np.minimum(day, following - first) - 1) * DAY + clock
    return times

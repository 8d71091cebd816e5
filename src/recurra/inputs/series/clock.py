"""The clock of live series: times as rows give them, as steps of a grid, and written again; no polars."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Int64

from recurra.data.zone import DAY, SECOND, load_zone
from recurra.errors import DataError
from recurra.inputs.series.frequency import Frequency
from recurra.inputs.series.grid import Grid

Unit = Literal["", "D", "m", "s", "us"]

_QUARTER = re.compile(r"(\d{4})-?[Qq]([1-4])")
_YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](.+))?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})(?:[T ]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_FURTHEST = 1 << 60  # as in `recurra.data.timestamp`
_DAY_ONLY = 10  # letters of a date


class Style(NamedTuple):
    """How a time was written.

    Attributes:
        unit: The smallest part that was written: "D" of a date, "" of a whole number.
        separator: Between date and time of day.
        zone: "" without one, "Z", or "+" for an offset.
    """

    unit: Unit = "D"
    separator: str = "T"
    zone: str = ""


_DAYS = Style()


class Moment(NamedTuple):
    """A time of a row.

    Attributes:
        time: In grid time: microseconds since 1970-01-01, or a whole number.
        style: How it was written.
        given: What was written.
    """

    time: int
    style: Style
    given: object


@dataclass(frozen=True)
class Clock:
    """Reads and writes the times of a column, whose steps lie on a grid.

    Attributes:
        column: Its name.
        grid: The grid.
        kind: "datetime", "date", or "integer".
        moves: Whether a time off the grid moves to its nearest step, as in the data of training.
        longest_gap: Steps without a row that are filled as missing ones.
    """

    column: str
    grid: Grid
    kind: Literal["datetime", "date", "integer"]
    moves: bool
    longest_gap: int

    def read(self, given: object) -> Moment:
        """The time that a row gives.

        Raises:
            DataError: It is none, or has a zone where those of training had none, or the other way round.
        """
        if self.kind == "integer":
            return Moment(self._whole(given), Style(""), given)
        when, style = _written_time(given)
        if when is None:
            raise self._wrong(f"{given!r}", "a time such as 2020-01-31 or 2020-01-31 14:00")
        zone = self.grid.zone
        if (when.tzinfo is None) != (zone is None):
            expected = "none, as in the data of training" if zone is None else f"one, as in training ({zone})"
            raise self._wrong(f"{given!r}, {'without' if zone else 'with'} a time zone", expected)
        try:
            day = when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
        except OverflowError:
            raise self._wrong(f"{given!r}", "a time between the years 1 and 9999") from None
        since = day - datetime(1970, 1, 1)  # both in UTC, or both on the wall
        time = since.days * DAY + since.seconds * SECOND + since.microseconds
        if zone is not None:
            time = int(self.grid.from_utc(np.array([time]))[0])
        return Moment(time, style, given)

    def start(self, moment: Moment) -> int:
        """The first step of a series that begins with a row."""
        return int(self.grid.advance(np.array([moment.time]), np.array([0]))[0])

    def position(self, start: int, moment: Moment) -> int:
        """The step of a row, counted from a series' first.

        Raises:
            DataError: It lies between two steps.
        """
        size = self.grid.frequency.size
        if size:
            step = (2 * (moment.time - start) + size) // (2 * size)
            fits = start + step * size == moment.time
        else:
            steps, on_grid = self.grid.positions(np.array([start]), np.array([moment.time]))
            step, fits = int(steps[0]), bool(on_grid[0])
        if not (fits or self.moves):
            nearest = self.written(start, np.array([step]), moment.style)[0]
            frequency = self.grid.frequency
            raise self._wrong(f"{moment.given!r}, off the grid of {frequency}", f"a step such as {nearest}")
        return step

    def written(
        self, start: int, positions: Int64[np.ndarray, " steps"], style: Style | None = None
    ) -> np.ndarray:
        """The times of some steps of a series, (steps,): whole numbers, or text in a style."""
        times: np.ndarray = self.grid.to_utc(self.grid.advance(np.array([start]), positions))
        if self.kind == "integer":
            return times
        style = style or Style("D" if self.kind == "date" else "s", zone="+" if self.grid.zone else "")
        offsets = np.zeros_like(times)
        if style.zone == "+":
            offsets = load_zone(str(self.grid.zone)).wall(times) - times
        wall = times + offsets
        unit: Any = style.unit if style.unit != "D" or not np.any(wall % DAY) else "s"
        texts: np.ndarray = np.datetime_as_string(wall.astype("datetime64[us]"), unit=unit)
        if style.separator != "T":
            texts = np.char.replace(texts, "T", style.separator)
        if style.zone:
            texts = np.char.add(
                texts, "Z" if style.zone == "Z" else [_offset(one) for one in offsets.tolist()]
            )
        return texts

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {
            "column": self.column,
            "frequency": self.grid.frequency.to_dict(),
            "zone": self.grid.zone,
            "kind": self.kind,
            "moves": self.moves,
            "longest_gap": self.longest_gap,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Clock":
        """The clock that `to_dict` described.

        Raises:
            ValueError, TypeError, LookupError: The document is none of its.
        """
        zone, kind, gap = document["zone"], document["kind"], document["longest_gap"]
        fits = (
            isinstance(document["column"], str)
            and kind in ("datetime", "date", "integer")
            and (zone is None or isinstance(zone, str))
            and isinstance(document["moves"], bool)
            and type(gap) is int
            and gap >= 0
        )
        frequency = Frequency.from_dict(document["frequency"])
        if not fits or type(frequency.step) is not int or not isinstance(frequency.month_day, int | None):
            raise ValueError("no description of a clock")
        if frequency.is_integer != (kind == "integer"):
            raise ValueError(f"a step of {frequency} for {kind} times")
        if zone is not None:
            load_zone(zone)
        return cls(document["column"], Grid(frequency, zone), kind, document["moves"], gap)

    def _whole(self, given: object) -> int:
        value: int | None = None
        if isinstance(given, int | float | str) and not isinstance(given, bool):
            try:
                value = int(given)
            except (ValueError, OverflowError):
                value = None
        if value is None or abs(value) > _FURTHEST or (isinstance(given, float) and value != given):
            raise self._wrong(f"{given!r}", "a whole number, as in the data of training")
        return value

    def _wrong(self, got: str, expected: str) -> DataError:
        return DataError(f"{self.column!r} holds {got}", expected, "Correct the row's time.")


def _written_time(given: object) -> tuple[datetime | None, Style]:
    """A time, and how it was written; None where it is none."""
    if isinstance(given, datetime):
        return given, Style("us" if given.microsecond else "s", zone="+" if given.tzinfo else "")
    if isinstance(given, date):
        return datetime.combine(given, time()), Style()
    if not isinstance(given, str):
        return None, Style()
    text = given.strip()
    try:
        when: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        when = _spelt(text)
    return when, _style(text)


def _style(text: str) -> Style:
    if len(text) == _DAY_ONLY:
        return _DAYS
    clock = re.split(r"[Zz+-]", text[_DAY_ONLY:])[0]
    if ":" not in clock:
        return _DAYS
    unit: Unit = "us" if re.search("[.,]", clock) else "s" if clock.count(":") > 1 else "m"
    zone = "Z" if text[-1] in "Zz" else "+" if re.search(r"[+-]\d\d:?\d\d$", text[_DAY_ONLY:]) else ""
    return Style(unit, "T" if "T" in text else " ", zone)


def _spelt(text: str) -> datetime | None:
    """A time that is not in full, or has the year last; None where days and months cannot be told apart."""
    if found := _QUARTER.fullmatch(text):
        return _day(found[1], str(3 * int(found[2]) - 2), "1", None)
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(found[1], found[2], found[3] or "1", found[4])
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return None
    first, separator, second, year, clock = found.groups()
    if separator == "." or int(first) > 12:
        return _day(year, second, first, clock)
    return _day(year, first, second, clock) if int(second) > 12 else None


def _day(year: str, month: str, day: str, clock: str | None) -> datetime | None:
    try:
        whole = datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}")
        return whole if clock is None else datetime.fromisoformat(f"{whole.date()}T{clock:0>5}")
    except ValueError:
        return None


def _offset(microseconds: int) -> str:
    minutes = int(microseconds) // (60 * SECOND)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"

"""The clock of live series: times as rows give them, as steps of a grid, and written again; no polars."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Int64

from recurra.data.epoch import INTEGER
from recurra.data.zone import DAY, SECOND, load_zone
from recurra.errors import ConfigError, DataError
from recurra.inputs.series.frequency import Frequency
from recurra.inputs.series.grid import Grid
from recurra.inputs.series.spelling import Spelling, Style, write

_FURTHEST = 1 << 60  # as in `recurra.data.timestamp`


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
        spelling: How times are written.
    """

    column: str
    grid: Grid
    kind: Literal["datetime", "date", "integer"]
    moves: bool
    longest_gap: int
    spelling: Spelling = field(default_factory=Spelling)

    def told(self, time_format: str) -> "Clock":
        """A clock of which times are written as a caller says, and in no other way.

        Args:
            time_format: A pattern of `strftime`, "integer", or "epoch_s" (ms, us, ns).

        Raises:
            ConfigError: Times of training were dates and these are numbers, or the other way round.
        """
        if (time_format == INTEGER) != (self.kind == "integer"):
            what = "whole numbers" if self.kind == "integer" else "dates"
            raise ConfigError(
                f"time_format is {time_format!r}, and times of training were {what}",
                "integer"
                if self.kind == "integer"
                else "a pattern such as %d/%m/%Y, or epoch_s (ms, us, ns)",
                "Leave it out, or change it.",
            )
        return self if self.kind == "integer" else replace(self, spelling=self.spelling.told(time_format))

    def read(self, given: object) -> Moment:
        """The time that a row gives.

        Raises:
            DataError: It is none, or has a zone where those of training had none, or the other way round.
        """
        if self.kind == "integer":
            return Moment(self._whole(given), Style(""), given)
        since_1970 = self.spelling.number(given)
        if since_1970 is not None:
            if abs(since_1970) > _FURTHEST:
                raise self._wrong(f"{given!r}", "a time within 36,000 years of 1970")
            return Moment(self._of_utc(since_1970), Style(epoch=self.spelling.epoch), given)
        when, style = self.spelling.read(given)
        if when is None:
            raise self._wrong(f"{given!r}", self.spelling.expected)
        zone = self.grid.zone
        on_the_wall = when.tzinfo is None and zone is not None and self.spelling.local
        if (when.tzinfo is None) != (zone is None) and not on_the_wall:
            expected = "none, as in the data of training" if zone is None else f"one, as in training ({zone})"
            raise self._wrong(f"{given!r}, {'without' if zone else 'with'} a time zone", expected)
        try:
            day = when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
        except OverflowError:
            raise self._wrong(f"{given!r}", "a time between the years 1 and 9999") from None
        since = day - datetime(1970, 1, 1)  # both in UTC, or both on the wall
        time = since.days * DAY + since.seconds * SECOND + since.microseconds
        if on_the_wall:
            time = int(load_zone(str(zone)).utc(np.array([time]))[0])
        return Moment(self._of_utc(time), style, given)

    def _of_utc(self, time: int) -> int:
        """Grid time of a time in UTC, or on the wall where there is no zone."""
        return time if self.grid.zone is None else int(self.grid.from_utc(np.array([time]))[0])

    def start(self, moment: Moment) -> int:
        """The first step of a series that begins with a row."""
        return self._time(moment.time, 0)

    def position(self, start: int, moment: Moment, last: int | None = None) -> int:
        """The step of a row, counted from a series' first.

        Args:
            start: Grid time of that.
            moment: The time of the row.
            last: The step of the row before, if there is one.

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
            if last is not None and step == last and moment.time > self._time(start, step):
                step += 1
            nearest = self.written(start, np.array([step]), moment.style)[0]
            frequency = self.grid.frequency
            raise self._wrong(f"{moment.given!r}, off the grid of {frequency}", f"a step such as {nearest}")
        return step

    def _time(self, start: int, position: int) -> int:
        return int(self.grid.advance(np.array([start]), np.array([position]))[0])

    def written(
        self, start: int, positions: Int64[np.ndarray, " steps"], style: Style | None = None
    ) -> np.ndarray:
        """The times of some steps of a series, (steps,): whole numbers, or text in a style."""
        times: np.ndarray = self.grid.to_utc(self.grid.advance(np.array([start]), positions))
        if self.kind == "integer":
            return times
        style = style or Style("D" if self.kind == "date" else "s", zone="+" if self.grid.zone else "")
        zone = self.grid.zone
        shows_wall = zone is not None and style.zone != "Z"
        return write(times, load_zone(str(zone)).wall(times) if shows_wall else times, style)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {
            "column": self.column,
            "frequency": self.grid.frequency.to_dict(),
            "zone": self.grid.zone,
            "kind": self.kind,
            "moves": self.moves,
            "longest_gap": self.longest_gap,
            "spelling": self.spelling.to_dict(),
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
        spelling = Spelling.from_dict(document.get("spelling", {}))
        return cls(document["column"], Grid(frequency, zone), kind, document["moves"], gap, spelling)

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

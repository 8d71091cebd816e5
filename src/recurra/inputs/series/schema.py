"""How a model's data were read, so that new data are read in the same way."""

from dataclasses import dataclass, field
from typing import Any

from recurra.data.timestamp import TimeReading, TimeType
from recurra.errors import DataError
from recurra.inputs.series.clock import Clock
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.frequency import Frequency
from recurra.inputs.series.grid import Grid
from recurra.inputs.series.holiday import Holidays
from recurra.inputs.series.spelling import Spelling


@dataclass(frozen=True)
class PanelSchema:
    """The part of a panel that a saved model keeps.

    Attributes:
        columns: The roles of the table's columns.
        frequency: The distance between steps.
        season_length: Steps of a season.
        time_type: How the table wrote its times; its zone is the one whose days count.
        vocabularies: The categories of every categorical covariate, in the order of their codes from 1.
        cycles: The calendar cycles that windows carry.
        resampled: Whether the frequency was chosen, so that every time moves to its nearest step.
        time_zone: The zone whose days and hours count; None: that of the times.
        holidays: Covariates known ahead that no table holds.
        decimal: The decimal sign of numbers as text; "" where none had one.
    """

    columns: Columns
    frequency: Frequency
    season_length: int
    time_type: TimeType
    vocabularies: dict[str, tuple[str, ...]]
    cycles: tuple[str, ...]
    resampled: bool = False
    time_zone: str | None = None
    holidays: Holidays = field(default_factory=Holidays)
    decimal: str = ""

    @property
    def grid(self) -> Grid:
        """The grid that all series lie on."""
        return Grid(self.frequency, self.time_zone or self.time_type.zone)

    def reading(self, time_format: str = "") -> TimeReading:
        """How the times of another table are read, which may be written otherwise."""
        return TimeReading(time_format, self.time_zone, self.time_type)

    def clock(self, longest_gap: int) -> Clock:
        """The clock of live rows; steps without one are filled as missing ones up to the longest gap."""
        moves = self.resampled or self.frequency.months > 0
        own = self.time_type
        spelling = Spelling.of(own.pattern, own.epoch, local=own.local)
        return Clock(self.columns.time, self.grid, own.kind, moves, longest_gap, spelling)

    def numeric(self, role: str) -> tuple[str, ...]:
        """The numeric covariates of a role ("past", "future" or "static"), in the order of their arrays."""
        computed = self.holidays.names if role == "future" else ()
        return (*(name for name in getattr(self.columns, role) if name not in self.vocabularies), *computed)

    def categorical(self, role: str) -> tuple[str, ...]:
        """The categorical covariates of a role, in the order of their arrays."""
        return tuple(name for name in getattr(self.columns, role) if name in self.vocabularies)

    def category_counts(self, role: str) -> tuple[int, ...]:
        """How many codes each categorical covariate of a role has, the 0 of unknown ones included."""
        return tuple(len(self.vocabularies[name]) + 1 for name in self.categorical(role))

    def check_time_type(self, time_type: TimeType) -> None:
        """Make sure that new data write time as the model's data did.

        Raises:
            DataError: One has integers and the other dates, or only one has a time zone.
        """
        expected = self.time_type
        if (time_type.kind == "integer") != (expected.kind == "integer"):
            raise DataError(
                f"column {self.columns.time!r} holds {time_type.kind} times",
                f"{expected.kind} times, as in the data of the model",
                "Convert the column, or train a model on data like these.",
            )
        if (time_type.zone is None) != (expected.zone is None):
            raise DataError(
                f"times have {'no time zone' if time_type.zone is None else 'zone ' + time_type.zone}",
                f"{'none' if expected.zone is None else 'one'}, as in the data of the model",
                f"Give them the zone {expected.zone}." if expected.zone else "Remove their zone.",
            )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {
            "columns": self.columns.to_dict(),
            "frequency": self.frequency.to_dict(),
            "season_length": self.season_length,
            "time_type": self.time_type.to_dict(),
            "vocabularies": {name: list(words) for name, words in self.vocabularies.items()},
            "cycles": list(self.cycles),
            "resampled": self.resampled,
            "time_zone": self.time_zone,
            "holidays": self.holidays.to_dict(),
            "decimal": self.decimal,
        }

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "PanelSchema":
        """The schema that `to_dict` described."""
        return cls(
            Columns.from_dict(description["columns"]),
            Frequency.from_dict(description["frequency"]),
            description["season_length"],
            TimeType.from_dict(description["time_type"]),
            {name: tuple(words) for name, words in description["vocabularies"].items()},
            tuple(description["cycles"]),
            description["resampled"],
            description.get("time_zone"),
            Holidays.from_dict(description.get("holidays", {})),
            description.get("decimal", ""),
        )

"""What the streams of all tasks over series share: rows, wide ones too, and places of series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from recurra.data.decimal import pointed
from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.series.clock import Clock, Moment
from recurra.inputs.series.recent import Recent
from recurra.inputs.series.timeline import Place, Timelines
from recurra.streaming.live import ONLY, number, values_of, wrong_state


class SeriesRow(NamedTuple):
    """A row of a series.

    Attributes:
        series: Its name; `ONLY` where the row names none.
        value: The target; NaN is missing.
        given: The columns by name.
        kept: What answers repeat of it: which series, when.
        moment: Its time, if it has one.
    """

    series: str
    value: float
    given: Mapping[str, Any]
    kept: Mapping[str, Any]
    moment: Moment | None


@dataclass(frozen=True)
class SeriesRows:
    """How live rows are read: which of their columns is what.

    Attributes:
        target, time: The columns of values and times.
        unique_id: That which names the series; None: there is one series.
        several: Whether each row has to name its series.
        wide: The columns that are series of their own; none where tables are long.
        past: Covariates known up to the present, which follow the target in a plain list.
        decimal: The decimal sign of numbers that are text; "": a point.
    """

    target: str
    time: str
    unique_id: str | None = None
    several: bool = False
    wide: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    decimal: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have; one that names the series where training saw several."""
        named = (self.unique_id,) if self.unique_id is not None and self.several else ()
        return (*named, self.target, *self.past)

    def split(self, row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Mapping[str, Any] | Sequence[Any]]:
        """The rows of a long table that a row of a wide one stands for; the row itself of any other.

        Raises:
            DataError: A plain list has too few values or too many, or a row tells of no series.
        """
        wide, unique_id = self.wide, self.unique_id
        if not wide or (isinstance(row, Mapping) and unique_id in row):
            return [row]
        given = row if isinstance(row, Mapping) else values_of(row, (*wide, *self.past))
        shared = {name: value for name, value in given.items() if name not in wide}
        rows = [{**shared, str(unique_id): name, self.target: given[name]} for name in wide if name in given]
        if not rows:
            raise DataError(
                f"a row with {listed(map(repr, given))}",
                f"a value of some series: {listed(wide)}",
                f"Name columns as training did, or give {unique_id} and {self.target}.",
            )
        return rows

    def read(self, row: Mapping[str, Any] | Sequence[Any], clock: Clock | None) -> SeriesRow:
        """What a row says; a plain list of values is a row of the only series.

        Raises:
            DataError: A column is missing, the target is no number, or the time is none.
        """
        given = row if isinstance(row, Mapping) else values_of(row, self.columns)
        missing = next((name for name in self.columns if name not in given), None)
        if missing is not None:
            raise DataError(
                f"a row without {missing!r}",
                f"the columns {', '.join(self.columns)}",
                "Give the columns that the model was trained with.",
            )
        name, key = ONLY, self.unique_id
        if key is not None and key in given:
            name = series_named(key, given[key])
        value = self.number(given, self.target, called=name if name in self.wide else self.target)
        kept = {one: given[one] for one in (key, self.time) if one is not None and one in given}
        moment = clock.read(given[self.time]) if clock is not None and self.time in given else None
        return SeriesRow(name, value, given, kept, moment)

    def number(self, given: Mapping[str, Any], name: str, called: str = "") -> float:
        """A column's number; `called` is its name in errors.

        Raises:
            DataError: It holds none.
        """
        return number(called or name, pointed(given[name], self.decimal))


def timelines_of(clock: Clock, recent: Mapping[str, Recent]) -> Timelines:
    """Timelines of series, some of which go on from the last rows that a run keeps."""
    kept = {name: Place(len(one.values) - 1, one.start) for name, one in recent.items()}
    return Timelines(clock, kept, {name: len(one.values) for name, one in recent.items()})


def marks_of(timelines: Timelines | None, name: str) -> tuple[int, ...]:
    """The place of a series as whole numbers."""
    if timelines is None or name not in timelines.places:
        return ()
    position, start, apart, dated = timelines.places[name]
    if dated and start is not None:
        return (position, start, position if apart is None else apart, 1)
    return tuple(mark for mark in (position, start, apart) if mark is not None)


def place_of(marks: Sequence[int]) -> Place:
    """The place that `marks_of` gave.

    Raises:
        ArtifactError: They are none of a place.
    """
    if not 1 <= len(marks) <= 4 or tuple(marks[3:]) not in ((), (1,)):
        raise wrong_state()
    start, apart = (*marks[1:3], None, None)[:2]
    return Place(marks[0], start, None if apart == marks[0] else apart, dated=len(marks) > 3)


def series_named(column: str, given: object) -> str:
    """The name of a row's series.

    Raises:
        DataError: It has none.
    """
    if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
        return str(given)
    raise DataError(
        f"{column!r} holds {given!r}", "the name or number of a series", "Say which series it is of."
    )

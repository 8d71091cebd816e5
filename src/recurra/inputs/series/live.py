"""What the streams of all tasks over series share: rows of wide tables, names and places of series."""

from collections.abc import Mapping, Sequence
from typing import Any

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.series.timeline import Place, Timelines
from recurra.streaming.live import values_of, wrong_state


def split_row(
    row: Mapping[str, Any] | Sequence[Any],
    wide: Sequence[str],
    past: Sequence[str],
    unique_id: str | None,
    target: str,
) -> Sequence[Mapping[str, Any] | Sequence[Any]]:
    """The rows of a long table that a row of a wide one stands for; the row itself of any other.

    Args:
        row: With a value for each series that it tells of, and what is the same for all.
        wide: The columns that are series; none where tables are long.
        past: Covariates known up to the present, which follow the series in a plain list.
        unique_id: What the column of the long table is called that names the series.
        target: What that of the values is called.

    Raises:
        DataError: A plain list has too few values or too many, or a row tells of no series.
    """
    if not wide or (isinstance(row, Mapping) and unique_id in row):
        return [row]
    given = row if isinstance(row, Mapping) else values_of(row, (*wide, *past))
    shared = {name: value for name, value in given.items() if name not in wide}
    rows = [{**shared, str(unique_id): name, target: given[name]} for name in wide if name in given]
    if not rows:
        raise DataError(
            f"a row with {listed(map(repr, given))}",
            f"a value of some series: {listed(wide)}",
            f"Name columns as training did, or give {unique_id} and {target}.",
        )
    return rows


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

"""Long tables: a row for each step, and a column that says of which sequence."""

from collections.abc import Iterable

import polars as pl

from recurra.errors import DataError
from recurra.inputs.rows import Rows

TIME_NAMES = ("time", "times", "timestamp", "timestamps", "datetime", "date", "ds", "t")
_FIRST, _INDEX = "__first", "__index"


def time_name(names: Iterable[str]) -> str | None:
    """The column that is called as times are, if there is one."""
    by_lower = {name.lower(): name for name in names}
    return next((by_lower[name] for name in TIME_NAMES if name in by_lower), None)


def grouped(rows: Rows, id_column: str, time: str | None, channels: list[str]) -> Rows:
    """One row for each sequence, in the order of their first rows, with lists in place of single values.

    Steps go by time where there is one, else by their order in the table. Columns beside channels and time
    stay single values where they are constant within each sequence.

    Raises:
        DataError: A row has no id.
    """
    frame = rows.frame
    if frame[id_column].null_count():
        row = int(frame[id_column].is_null().arg_max() or 0)
        raise DataError(f"{rows.places[row]}: {id_column} is empty", "the sequence of the row", "Fill it in.")
    frame = frame.with_row_index(_INDEX).with_columns(pl.col(_INDEX).min().over(id_column).alias(_FIRST))
    by = [_FIRST, *([time] if time is not None else []), _INDEX]
    groups = frame.sort(by, maintain_order=True).group_by(id_column, maintain_order=True)
    others = [name for name in rows.frame.columns if name not in (id_column, time, *channels)]
    unique = groups.agg([pl.col(name).n_unique() for name in others])
    constant = [name for name in others if unique[name].max() == 1]
    kept = [name for name in rows.frame.columns if name != id_column]
    single = [pl.col(name).first() if name in constant else pl.col(name) for name in kept]
    lists = groups.agg([pl.col(_FIRST).first(), *single])
    places = [
        f"{rows.places[first]} ({id_column} {name})" for first, name in lists.select(_FIRST, id_column).rows()
    ]
    return Rows(lists.drop(_FIRST), places, rows.table, rows.repairs)

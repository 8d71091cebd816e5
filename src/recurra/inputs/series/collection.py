"""The rows that a panel is made of: the columns that have a role, and those of a table of the future."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recurra.data.epoch import INTEGER
from recurra.data.reader import require_columns
from recurra.data.table import Table, read_table
from recurra.data.timestamp import ReadTimes, TimeReading, read_times
from recurra.errors import DataError
from recurra.inputs.series.columns import TARGET, TIME, UNIQUE_ID, Columns, Wanted, resolve_columns
from recurra.inputs.series.wide import melted, series_columns

_PEEKED_ROWS = 10_000  # from as many the columns of JSON lines are inferred


def find_columns(
    source: Any, wanted: Wanted, static: pl.DataFrame | None, decimal: str = ""
) -> tuple[Table, Columns, list[str]]:
    """Read a source, whose columns need not all be named, and as little of it as will do.

    Args:
        source: Anything that `read_table` takes; all of it is read where time or target is not named.
        wanted: The columns that are named.
        static: A table of static covariates, if they are not columns of the source.
        decimal: As for `read_table`.

    Returns:
        The columns of the table that have a role, these roles, and what to tell about them.

    Raises:
        DataError: As `read_table`, `melted` and `resolve_columns` do.
    """
    table = source if isinstance(source, str | Path) else read_table(source)
    head = read_table(table, rows=_PEEKED_ROWS, decimal=decimal)
    if wanted.wide or not {wanted.time or TIME, wanted.target or TARGET} <= set(head.frame.columns):
        table = head = read_table(table, decimal=decimal)
    series, told = series_columns(head.frame, wanted)
    if series:
        table = head = melted(head, series, wanted.unique_id or UNIQUE_ID)
        wanted = replace(wanted, unique_id=None, target=None)
    columns, notes = resolve_columns(head.frame, wanted, static=static, source=head.source)
    own = [name for name in columns.names if static is None or name not in columns.static]
    return read_table(table, columns=own, decimal=decimal), replace(columns, wide=series), [*told, *notes]


def collect(
    table: Table, columns: Columns, reading: TimeReading, *, with_static: bool, future: Table | None
) -> tuple[pl.DataFrame, ReadTimes]:
    """The columns that have a role and their times, with the rows of the future if there are any.

    Args:
        table: The rows of the past.
        columns: The roles of its columns.
        reading: How times are read.
        with_static: Whether static covariates are columns of the table.
        future: A table of covariates after the last target; None: there is none.

    Raises:
        DataError: A column is missing, a time cannot be read, or the two tables do not fit each other.
    """
    if columns.wide and columns.unique_id not in table.frame.columns:
        table = melted(table, columns.wide, columns.unique_id)
    names = columns.names if with_static else tuple(set(columns.names) - set(columns.static))
    require_columns(table.frame.columns, names, table.source)
    table.require_numbers((*columns.wide, *names))
    frame = table.frame.select(names)
    read = read_times(frame[columns.time], reading)
    frame = frame.drop(columns.time)
    if future is None:
        return frame, read
    return _append(frame, read, future, columns, reading)


def _append(
    frame: pl.DataFrame, read: ReadTimes, future: Table, columns: Columns, reading: TimeReading
) -> tuple[pl.DataFrame, ReadTimes]:
    """The rows of a table of the future, without targets, after those of the past.

    Where it does not say of which series they are, they are of all.
    """
    key, ahead = columns.unique_id, future.frame
    if key is not None and key not in ahead.columns:
        ahead = ahead.join(frame.select(key).unique(maintain_order=True), how="cross")
    names = [columns.time, *columns.future, *((key,) if key else ())]
    require_columns(ahead.columns, names, "the table of the future")
    future.require_numbers(names)
    rows = ahead.select(names)
    later = read_times(rows[columns.time], replace(reading, known=read.type))
    if (later.type.kind == INTEGER, later.type.zone is None) != (
        read.type.kind == INTEGER,
        read.type.zone is None,
    ):
        raise DataError(
            f"column {columns.time!r} of the table of the future is written otherwise",
            "times as in the data, with a zone or without",
            "Convert the column.",
        )
    rows = rows.drop(columns.time)
    try:
        cast = rows.cast({name: frame.schema[name] for name in rows.columns})
        both = pl.concat([frame, cast], how="diagonal")
        return both, read._replace(times=np.concatenate([read.times, later.times]))
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"the table of the future does not fit ({str(error).splitlines()[0]})",
            "columns of the same types as in the data",
            "Convert its columns.",
        ) from error

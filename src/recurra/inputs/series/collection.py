"""The rows that a panel is made of: the columns that have a role, and those of a table of the future."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from recurra.data.reader import require_columns
from recurra.data.table import Table, read_table
from recurra.data.timestamp import INTEGER, ReadTimes, TimeReading, read_times
from recurra.errors import DataError
from recurra.inputs.series.columns import Columns


def collect(
    table: Table, columns: Columns, reading: TimeReading, *, with_static: bool, future: Any
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
    names = columns.names if with_static else tuple(set(columns.names) - set(columns.static))
    require_columns(table.frame.columns, names, table.source)
    frame = table.frame.select(names)
    read = read_times(frame[columns.time], reading)
    frame = frame.drop(columns.time)
    if future is None:
        return frame, read
    return _append(frame, read, read_table(future), columns, reading)


def _append(
    frame: pl.DataFrame, read: ReadTimes, future: Table, columns: Columns, reading: TimeReading
) -> tuple[pl.DataFrame, ReadTimes]:
    """The rows of a table of the future, without targets, after those of the past."""
    names = [columns.time, *columns.future, *((columns.unique_id,) if columns.unique_id else ())]
    require_columns(future.frame.columns, names, "the table of the future")
    rows = future.frame.select(names)
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

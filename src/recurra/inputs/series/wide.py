"""Wide tables, of which each column is a series: how they are told from long ones, and made long."""

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from recurra.data.naming import counted, listed
from recurra.data.reader import require_columns
from recurra.data.table import Table, numbers
from recurra.data.timestamp import looks_like_time
from recurra.errors import DataError
from recurra.inputs.series.columns import TARGET, TIME, UNIQUE_ID, Wanted

_SHOWN = 4


def series_columns(frame: pl.DataFrame, wanted: Wanted) -> tuple[tuple[str, ...], list[str]]:
    """The columns that are series, and what to tell about them; none where a table is long.

    They are those that a target names ("north,south"); or with `wide` all that hold numbers and have no role.
    Where nobody says, a table is wide if it has a time and else nothing but numbers, in columns whose names
    differ in a number alone (store_1, store_2): one column among them cannot be meant as the target of the
    others. Anything less alike (sales, price) may be a target and its covariates.

    Raises:
        DataError: There are none, where there are to be some.
    """
    target = wanted.target
    if wanted.wide is False:
        return (), []
    if target is not None and target not in frame.columns and "," in target:
        return tuple(name.strip() for name in target.split(",") if name.strip()), []
    if wanted.wide:
        return _all_numbers(frame, wanted) if target is None else ((target,), [])
    if target is not None or {UNIQUE_ID, TARGET, *wanted.named} & set(frame.columns):
        return (), []
    names = _alike(frame, wanted)
    shown = f"{counted(len(names), 'series')}, one a column ({listed(names, _SHOWN)})"
    why = (
        "as their names differ in a number alone; --no-wide (in Python wide=False) reads the table otherwise"
    )
    return names, [f"{shown}, {why}"] if names else []


def melted(table: Table, columns: Sequence[str], unique_id: str | None) -> Table:
    """A wide table as a long one: each of some columns is a series, and all others are the same for each.

    Raises:
        DataError: A column is missing or no number, or a column names series besides.
    """
    frame = table.frame
    require_columns(frame.columns, columns, table.source)
    if unique_id is not None and unique_id in frame.columns:
        raise DataError(
            f"{len(columns)} targets, and column {unique_id!r} that names series",
            "columns that are series, or one that names them",
            "Name one target, or leave the id out.",
        )
    shared = frame.drop(*columns, UNIQUE_ID, TARGET, strict=False)
    series = [
        shared.with_columns(
            pl.lit(name).alias(UNIQUE_ID), pl.Series(TARGET, numbers(frame[name])).fill_nan(None)
        )
        for name in columns
    ]
    return replace(table, frame=pl.concat(series))


def _alike(frame: pl.DataFrame, wanted: Wanted) -> tuple[str, ...]:
    """All columns but the time, if there are several that hold numbers and are called alike; else none."""
    time = _times(frame, wanted)
    names = [name for name in frame.columns if name not in time]
    patterns = {re.sub(r"\d+", "#", name) for name in names}
    are_numbers = all(frame[name].dtype.is_numeric() for name in names)
    if len(time) != 1 or len(names) < 2 or len(patterns) > 1 or "#" not in patterns.pop() or not are_numbers:
        return ()
    return tuple(names)


def _times(frame: pl.DataFrame, wanted: Wanted) -> list[str]:
    """The columns that may be the time."""
    if wanted.time is not None or TIME in frame.columns:
        return [wanted.time or TIME]
    return [column.name for column in frame if looks_like_time(column)]


def _all_numbers(frame: pl.DataFrame, wanted: Wanted) -> tuple[tuple[str, ...], list[str]]:
    """All columns without a role that hold numbers, or mostly numbers, so that the others are told."""
    taken = {*_times(frame, wanted), *wanted.named}
    left = [column for column in frame if column.name not in taken]
    names = [column.name for column in left if _is_mostly_numbers(column)]
    if not names:
        raise DataError(
            f"no column of {listed(frame.columns)} is left to be a series",
            "a table with a column of numbers for each series",
            "Leave --wide out where one column names the series.",
        )
    others = [column.name for column in left if column.name not in names]
    notes = [f"{counted(len(names), 'series')}, one a column ({listed(names, _SHOWN)})"]
    return tuple(names), notes + ([f"left out what is no number: {listed(others, _SHOWN)}"] if others else [])


def _is_mostly_numbers(column: pl.Series) -> bool:
    if column.dtype == pl.String:
        text = column.drop_nulls()
        return 2 * int(text.str.strip_chars().cast(pl.Float64, strict=False).count()) > len(text)
    return column.dtype.is_numeric()

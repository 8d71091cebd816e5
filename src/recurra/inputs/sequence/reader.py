"""Numeric sequences from files and frames: list columns, long tables, and the UCR/UEA archive."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float64

from recurra.data.naming import counted, listed
from recurra.data.timestamp import parse_text
from recurra.errors import DataError
from recurra.inputs.examples import Examples, Keep, Kept
from recurra.inputs.glance import id_name, is_channel, is_list_of_numbers, lists_first
from recurra.inputs.long_table import grouped, time_name
from recurra.inputs.rows import (
    Rows,
    check_not_told,
    check_numbers,
    cut_beside,
    file_kind,
    path_of,
    read_rows,
    wrong_column,
)
from recurra.inputs.sequence.config import SequenceConfig
from recurra.inputs.sequence.series import Series
from recurra.inputs.sequence.ts import read_ts


class Columns(NamedTuple):
    """Which column is what.

    Attributes:
        channels: Those that are read.
        identity: The one that says which sequence a row of a long table belongs to; None: rows are sequences.
        time: The one of times.
        kept: Those that the task keeps.
    """

    channels: list[str]
    identity: str | None
    time: str | None
    kept: Kept


def read(source: Any, config: SequenceConfig, keep: Keep) -> Examples:
    """Read sequences.

    Args:
        source: A table (file, frame or sample) with a list of numbers for each channel in each row, or with a
            row for each step and a column of ids; or a .ts file of the UCR/UEA archive.
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: It cannot be read, or its sequences cannot be used; the message names file and line.
    """
    path = path_of(source)
    rows = read_ts(path) if path is not None and file_kind(path) == ".ts" else read_rows(source)
    columns = _columns(rows, config, keep)
    if columns.identity is not None:
        rows = grouped(rows, columns.identity, columns.time, columns.channels)
    contents = [
        _series(columns.channels, row, moments, place)
        for row, moments, place in zip(
            zip(*(_lists(rows, name) for name in columns.channels), strict=True),
            _times(rows, columns.time),
            rows.places,
            strict=True,
        )
    ]
    rows, contents = _cut(rows, contents, config.max_length)
    reads = columns.channels if contents[0].times is None else [*columns.channels, str(columns.time)]
    return rows.examples(
        contents,
        [one for one in rows.frame.columns if one not in (*columns.channels, columns.time)],
        reads=reads,
        kept=columns.kept,
        settings={
            "columns": tuple(columns.channels),
            "unique_id": columns.identity or "none",
            "time": "none" if contents[0].times is None else columns.time,
        },
    )


def _columns(rows: Rows, config: SequenceConfig, keep: Keep) -> Columns:
    """The columns that are read, and those that are not.

    Raises:
        DataError: One that the settings name is not there, or none can be read.
    """
    frame = rows.frame
    wanted = _wanted(rows, config)
    time = _time_column(rows, config, keep(pl.DataFrame()))
    listed_channels = any(is_channel(frame[name]) for name in wanted or frame.columns)
    identity = None if wanted and listed_channels else _identity(rows, config)
    if listed_channels:
        identity = None
    if identity is not None:
        frame = grouped(rows, identity, time, wanted).frame
    free = frame.drop({name for name in (identity, time, *wanted) if name is not None})
    kept = keep(lists_first(free))
    if wanted:
        check_not_told(rows, "columns", wanted, kept)
        return Columns(wanted, identity, time, kept)
    left = free.drop(kept.names, strict=False)
    for name in left.columns:
        check_numbers(rows, rows.frame[name])
    found = [
        one.name for one in left if (_is_numeric(one) if identity is not None else is_list_of_numbers(one))
    ]
    if not found:
        beside = (
            "lists of numbers, and none of ids that repeat"
            if identity is None
            else f"numbers beside {identity!r}"
        )
        raise DataError(
            f"{rows.table.source} has no column with {beside}",
            f"one of them beside its columns {listed(rows.frame.columns, 30)}",
            "Give each row a list for each channel, or name the column of ids with unique_id=.",
        )
    return Columns(found, identity, time, kept)


def _wanted(rows: Rows, config: SequenceConfig) -> list[str]:
    """The channels that the settings name, if they do."""
    if config.columns == "auto":
        return []
    wanted = [config.columns] if isinstance(config.columns, str) else list(config.columns)
    frame = rows.frame
    for name in wanted:
        check_numbers(rows, frame.get_column(name, default=pl.Series()))
    missing = [name for name in wanted if name not in frame.columns or not _is_numeric(frame[name])]
    if missing:
        raise wrong_column(rows, "columns", missing, "columns with numbers")
    return wanted


def _identity(rows: Rows, config: SequenceConfig) -> str | None:
    if config.unique_id == "none":
        return None
    found = id_name(rows.frame, config.unique_id)
    if config.unique_id != "auto" and found is None:
        raise wrong_column(rows, "unique_id", [config.unique_id], "a column of ids")
    return found


def _time_column(rows: Rows, config: SequenceConfig, kept: Kept) -> str | None:
    names = rows.frame.columns
    if config.time == "none":
        return None
    if config.time != "auto":
        if config.time not in names:
            raise wrong_column(rows, "time", [config.time], "a column of times")
        return config.time
    return time_name(name for name in names if name not in kept.names)


def _is_numeric(column: pl.Series) -> bool:
    return column.dtype.is_numeric() or is_list_of_numbers(column)


def _lists(rows: Rows, name: str) -> list[Float64[np.ndarray, " _"]]:
    """A channel of every row; NaN where a value is missing."""
    column = rows.frame[name]
    if not is_list_of_numbers(column):
        raise wrong_column(rows, "columns", [name], "a column with lists of numbers")
    if isinstance(column.dtype, pl.Array):
        column = column.arr.to_list()
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise DataError(f"{rows.places[row]}: {name} is missing", "a list of numbers", "Add it.")
    lengths = column.list.len().to_numpy()
    flat = column.explode().cast(pl.Float64).to_numpy() if lengths.all() else None
    if flat is not None:
        return list(np.split(flat, np.cumsum(lengths)[:-1]))
    return [np.array(one.cast(pl.Float64).to_numpy()) for one in column]


def _times(rows: Rows, name: str | None) -> Sequence[Float64[np.ndarray, " _"] | None]:
    """The times of every row's steps as numbers: seconds, or in the unit that they have."""
    if name is None or not isinstance(rows.frame[name].dtype, pl.List):
        return [None] * rows.frame.height
    found = []
    for one, place in zip(rows.frame[name], rows.places, strict=True):
        moments = one if one is not None else pl.Series([], dtype=pl.Float64)
        if moments.dtype == pl.String:
            moments = parse_text(moments)
        if moments.dtype == pl.Date or isinstance(moments.dtype, pl.Datetime):
            moments = moments.cast(pl.Datetime("us")).to_physical() / 1e6
        if not moments.dtype.is_numeric():
            raise DataError(f"{place}: {name} holds {moments.dtype}", "times, or numbers", "Set time=none.")
        times = moments.cast(pl.Float64).to_numpy()
        if not np.isfinite(times).all():
            raise DataError(f"{place}: a time is missing in {name}", "a time for each step", "Fill it in.")
        found.append(times)
    return found


def _series(
    names: Sequence[str],
    channels: Sequence[Float64[np.ndarray, " _"]],
    times: Float64[np.ndarray, " _"] | None,
    place: str,
) -> Series:
    lengths = {name: len(channel) for name, channel in zip(names, channels, strict=True)}
    if times is not None:
        lengths["the times"] = len(times)
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:6])
        raise DataError(f"{place}: lists of different lengths: {shown}", "equal ones", "Correct the row.")
    if not len(channels[0]):
        raise DataError(f"{place}: a sequence without a step", "one step at least", "Remove it.")
    values = np.stack(channels, axis=1)
    if np.isinf(values).any():
        raise DataError(f"{place}: an infinite number", "finite ones, or none", "Leave the value empty.")
    if times is not None and (np.diff(times) < 0).any():
        raise DataError(f"{place}: times that go back", "times in their order", "Sort the steps.")
    return Series(tuple(names), values, times)


def _cut(rows: Rows, contents: list[Series], longest: int) -> tuple[Rows, list[Series]]:
    """Sequences of at most so many steps, and the lists beside them as long."""
    lengths = [len(content) for content in contents]
    cut = sum(length > longest for length in lengths)
    gaps = sum(bool(np.isnan(content.values).any()) for content in contents)
    if cut:
        rows = replace(rows, frame=cut_beside(rows.frame, lengths, longest))
        contents = [
            Series(one.names, one.values[:longest], None if one.times is None else one.times[:longest])
            for one in contents
        ]
    return rows.noting(
        f"cut {counted(cut, 'sequence')} of more than {longest:,} steps to the first {longest:,}"
        if cut
        else "",
        f"values are missing in {counted(gaps, 'sequence')}; the net is told where" if gaps else "",
    ), contents

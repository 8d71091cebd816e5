"""Numeric sequences from files and frames: list columns, long tables, and the UCR/UEA archive."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float64

from recurra.data.naming import counted, listed
from recurra.data.timestamp import parse_text
from recurra.errors import DataError
from recurra.inputs.examples import Examples
from recurra.inputs.glance import TAG_NAMES, id_name, is_list_of_numbers, label_name
from recurra.inputs.rows import (
    Rows,
    aligned_columns,
    cut_columns,
    file_kind,
    path_of,
    read_rows,
    wrong_column,
)
from recurra.inputs.sequence.config import SequenceConfig
from recurra.inputs.sequence.long import constant_columns, grouped
from recurra.inputs.sequence.series import Series
from recurra.inputs.sequence.ts import read_ts

TIME_NAMES = ("time", "times", "timestamp", "timestamps", "datetime", "date", "ds", "t")


def read(source: Any, config: SequenceConfig) -> Examples:
    """Read sequences.

    Args:
        source: A table (file, frame or sample) with a list of numbers for each channel in each row, or with a
            row for each step and a column of ids; or a .ts file of the UCR/UEA archive.
        config: The settings.

    Raises:
        DataError: It cannot be read, or its sequences cannot be used; the message names file and line.
    """
    path = path_of(source)
    rows = read_ts(path) if path is not None and file_kind(path) == ".ts" else read_rows(source)
    identity = id_name(rows.frame, config.unique_id)
    if config.unique_id != "auto" and identity is None:
        raise wrong_column(rows, "unique_id", [config.unique_id], "a column of ids")
    time = _time_column(rows, config)
    channels = _channels(rows, config, identity, time)
    if identity is not None and not any(rows.frame[name].dtype.is_nested() for name in channels):
        rows = grouped(rows, identity, time, channels)
    contents = [
        _series(channels, row, moments, place)
        for row, moments, place in zip(
            zip(*(_lists(rows, name) for name in channels), strict=True),
            _times(rows, time),
            rows.places,
            strict=True,
        )
    ]
    rows, contents = _cut(rows, contents, config.max_length)
    return rows.examples(contents, [one for one in rows.frame.columns if one not in (*channels, time)])


def _time_column(rows: Rows, config: SequenceConfig) -> str | None:
    names = rows.frame.columns
    if config.time == "none":
        return None
    if config.time != "auto":
        if config.time not in names:
            raise wrong_column(rows, "time", [config.time], "a column of times")
        return config.time
    by_lower = {name.lower(): name for name in names if name != getattr(config, "label", "auto")}
    return next((by_lower[name] for name in TIME_NAMES if name in by_lower), None)


def _channels(rows: Rows, config: SequenceConfig, identity: str | None, time: str | None) -> list[str]:
    """The columns that are read."""
    frame = rows.frame
    if config.columns != "auto":
        wanted = [config.columns] if isinstance(config.columns, str) else list(config.columns)
        missing = [name for name in wanted if name not in frame.columns or not _is_numeric(frame[name])]
        if missing:
            raise wrong_column(rows, "columns", missing, "columns with numbers")
        return wanted
    label = _label(frame, config, identity)
    left = [one for one in frame if one.name not in (identity, time, label, *TAG_NAMES)]
    found = [one.name for one in left if is_list_of_numbers(one)]
    if found or identity is None:
        if not found:
            raise DataError(
                f"{rows.table.source} has no column with lists of numbers, and none of ids that repeat",
                f"one of them beside its columns {listed(frame.columns, 30)}",
                "Give each row a list for each channel, or name the column of ids with unique_id=.",
            )
        return found
    found = [one.name for one in left if one.dtype.is_numeric()]
    if label is None and getattr(config, "label", "auto") == "auto" and len(found) == len(left) > 1:
        told = constant_columns(frame, identity, found)[
            -1:
        ]  # what is constant in a sequence may be its label
        found = [name for name in found if name not in told]
    if not found:
        raise DataError(
            f"{rows.table.source} has no column with numbers beside {identity!r}",
            f"one beside its columns {listed(frame.columns, 30)}",
            "Name the channels with columns=.",
        )
    return found


def _label(frame: pl.DataFrame, config: SequenceConfig, identity: str | None) -> str | None:
    """The column to tell; `y` that nobody named may as well be a channel beside x and z, where it varies."""
    name = label_name(frame.columns, config)
    if name is None or name.lower() != "y" or name == getattr(config, "label", "auto"):
        return name
    told = not frame[name].dtype.is_nested()
    if told and identity is not None:
        told = name in constant_columns(frame, identity, [name])
    return name if told else None


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
        rows = replace(rows, frame=cut_columns(rows.frame, aligned_columns(rows.frame, lengths), longest))
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

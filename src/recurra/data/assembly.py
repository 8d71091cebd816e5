"""From a table to the arrays of a panel: ids, times, steps, values, covariates, in this order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float32, Int32, Int64

from recurra.data.columns import Columns
from recurra.data.covariate import codes, is_categorical, numbers, vocabulary
from recurra.data.frequency import Frequency
from recurra.data.grid import Grid
from recurra.data.inference import infer_frequency
from recurra.data.layout import Extent, Steps, find_extent, find_steps, sort_order
from recurra.data.naming import counted
from recurra.data.repair import report_extent, report_merged
from recurra.data.schema import PanelSchema
from recurra.data.timestamp import TimeType, read_times
from recurra.errors import DataError

SINGLE_SERIES = "series"


@dataclass(frozen=True)
class Placement:
    """Where the rows of a table go, and what that took."""

    ids: pl.Series
    grid: Grid
    time_type: TimeType
    steps: Steps
    extent: Extent
    target: Float32[np.ndarray, " rows"]
    repairs: tuple[str, ...]

    @property
    def starts(self) -> Int64[np.ndarray, " kept"]:
        """The grid time of the first step of every series that is kept."""
        return self.grid.advance(self.steps.starts[self.extent.kept], self.extent.first)


def place_rows(
    frame: pl.DataFrame, columns: Columns, frequency: Frequency | None, schema: PanelSchema | None
) -> Placement:
    """Sort the rows of a table, find their grid, and put the target on it.

    Raises:
        DataError: Ids, times or targets are missing, of the wrong type, infinite, or do not fit the schema.
    """
    ids, series = _encode_ids(frame, columns.unique_id)
    times, time_type = read_times(frame[columns.time])
    repairs = []
    order, late = sort_order(series, times)
    if order is not None:
        series, times = series[order], times[order]
        if late:
            repairs.append(f"sorted by time: {counted(late, 'row')} stood after a later one of their series")
    grid = _find_grid(series, times, time_type, frequency, schema)
    chosen = frequency is not None if schema is None else schema.resampled
    steps = find_steps(series, times, order, grid, chosen=chosen)
    repairs += steps.repairs
    values = numbers(frame[columns.target])
    repairs += report_merged(steps, values, columns.unique_id, chosen=chosen)
    merged = steps.merge_numbers(values)
    extent = find_extent(steps, ~np.isnan(merged), beyond=bool(columns.future), ids=ids)
    target = extent.spread(merged, np.float32)
    repairs += report_extent(steps, extent, merged, ids, grid)
    return Placement(ids.gather(extent.kept), grid, time_type, steps, extent, target, tuple(repairs))


def _encode_ids(frame: pl.DataFrame, name: str | None) -> tuple[pl.Series, Int32[np.ndarray, " rows"]]:
    """The sorted ids of all series, and the number of every row's series among them."""
    if name is None:
        return pl.Series("unique_id", [SINGLE_SERIES]), np.zeros(frame.height, dtype=np.int32)
    column = frame[name]
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        raise DataError(
            f"column {name!r} has type {column.dtype}", "names or numbers of series", "Choose another column."
        )
    if column.dtype.is_float():
        column = column.fill_nan(None)
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise DataError(
            f"column {name!r} is empty in {column.null_count()} rows, first in row {row + 1}",
            "a series name in every row",
            "Fill or remove these rows.",
        )
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    ids = column.unique().sort()
    if column.dtype == pl.String:
        series = column.cast(pl.Enum(ids)).to_physical()
    else:
        series = ids.search_sorted(column)
    return ids, series.cast(pl.Int32).to_numpy()


def _find_grid(
    series: Int32[np.ndarray, " rows"],
    times: Int64[np.ndarray, " rows"],
    time_type: TimeType,
    frequency: Frequency | None,
    schema: PanelSchema | None,
) -> Grid:
    integer = time_type.kind == "integer"
    if schema is not None:
        schema.check_time_type(time_type)
        if not schema.resampled:
            _check_frequency(series, times, schema)
        return schema.grid
    if frequency is None:
        frequency = infer_frequency(times, series, integer=integer, zone=time_type.zone)
    elif frequency.is_integer != integer:
        raise DataError(
            f"frequency {frequency} for {time_type.kind} times",
            "whole numbers for integer times, and a unit of time for dates",
            "Leave the frequency out to have it inferred.",
        )
    return Grid(frequency, time_type.zone)


def _check_frequency(
    series: Int32[np.ndarray, " rows"], times: Int64[np.ndarray, " rows"], schema: PanelSchema
) -> None:
    """New data with enough rows to tell must have the frequency of the model."""
    if len(times) - len(np.unique(series)) < 3:
        return
    wanted = schema.frequency
    try:
        found = infer_frequency(times, series, integer=wanted.is_integer, zone=schema.time_type.zone)
    except DataError:
        return  # too irregular to tell; times off the model's grid are an error of their own
    if (found.step, found.unit) != (wanted.step, wanted.unit):
        raise DataError(
            f"the data have a step of {found}",
            f"{wanted}, as in the data of the model",
            "Resample them, or train a model on data like these.",
        )


def learn_vocabularies(
    frame: pl.DataFrame, static: pl.DataFrame | None, columns: Columns
) -> dict[str, tuple[str, ...]]:
    """The categories of every categorical covariate."""
    vocabularies = {}
    for name in columns.covariates:
        column = static[name] if static is not None and name in columns.static else frame[name]
        if is_categorical(column) or name in columns.categorical:
            vocabularies[name] = vocabulary(column)
    return vocabularies


class Covariates(NamedTuple):
    """All covariates of a panel, and what was missing of them."""

    past: Float32[np.ndarray, "rows past"]
    future: Float32[np.ndarray, "rows future"]
    past_codes: Int32[np.ndarray, "rows past_categories"]
    future_codes: Int32[np.ndarray, "rows future_categories"]
    static: Float32[np.ndarray, "series static"]
    static_codes: Int32[np.ndarray, "series static_categories"]
    repairs: list[str]


def place_covariates(
    frame: pl.DataFrame, static: pl.DataFrame | None, schema: PanelSchema, placement: Placement
) -> Covariates:
    """Put the covariates of a table (static ones perhaps from a table of their own) where its rows go.

    Raises:
        DataError: A column is missing, of the wrong type, infinite, or a static one changes within a series.
    """
    words = schema.vocabularies
    constants, repairs = _static_columns(frame, static, schema.columns, placement.ids)
    fixed = [numbers(constants[name]) for name in schema.numeric("static")]
    fixed_codes = [codes(constants[name], words[name]) for name in schema.categorical("static")]
    count = len(placement.ids)
    return Covariates(
        _spread_numbers(frame, schema.numeric("past"), placement),
        _spread_numbers(frame, schema.numeric("future"), placement),
        _spread_codes(frame, schema.categorical("past"), words, placement),
        _spread_codes(frame, schema.categorical("future"), words, placement),
        np.stack(fixed, axis=1).astype(np.float32) if fixed else np.empty((count, 0), np.float32),
        np.stack(fixed_codes, axis=1) if fixed_codes else np.empty((count, 0), np.int32),
        repairs,
    )


def _spread_numbers(
    frame: pl.DataFrame, names: Sequence[str], placement: Placement
) -> Float32[np.ndarray, "rows columns"]:
    """Numeric covariates on the grid, missing values as NaN."""
    flat = np.empty((int(placement.extent.offsets[-1]), len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        values = placement.steps.merge_numbers(numbers(frame[name]))
        flat[:, index] = placement.extent.spread(values, np.float32)
    return flat


def _spread_codes(
    frame: pl.DataFrame, names: Sequence[str], words: dict[str, tuple[str, ...]], placement: Placement
) -> Int32[np.ndarray, "rows columns"]:
    """Categorical covariates on the grid, as codes."""
    flat = np.empty((int(placement.extent.offsets[-1]), len(names)), dtype=np.int32)
    for index, name in enumerate(names):
        values = placement.steps.merge_codes(codes(frame[name], words[name]))
        flat[:, index] = placement.extent.spread(values, np.int32)
    return flat


def _static_columns(
    frame: pl.DataFrame, static: pl.DataFrame | None, columns: Columns, ids: pl.Series
) -> tuple[pl.DataFrame, list[str]]:
    """One row of static covariates for every series of the panel.

    Raises:
        DataError: A covariate changes within a series, or the static table lacks or repeats an id.
    """
    if static is None:
        return _constant_columns(frame, columns, ids), []
    key = columns.unique_id
    if key is None:
        if static.height != 1:
            raise DataError(
                f"the static table has {static.height} rows for one series", "one row", "Name the id column."
            )
        return static.select(columns.static), []
    static = static.select(key, *columns.static).with_columns(pl.col(key).cast(pl.String))
    if static[key].n_unique() < static.height:
        twice = static[key].filter(static[key].is_duplicated())[0]
        raise DataError(
            f"the static table has several rows for series {twice!r}",
            "one row for a series",
            "Remove the others.",
        )
    joined = ids.cast(pl.String).alias(key).to_frame().join(static, on=key, how="left", maintain_order="left")
    absent = len(ids) - int(ids.cast(pl.String).is_in(static[key].implode()).sum())
    notes = (
        [f"{counted(absent, 'series')} without a row in the static table: missing values"] if absent else []
    )
    return joined.drop(key), notes


def _constant_columns(frame: pl.DataFrame, columns: Columns, ids: pl.Series) -> pl.DataFrame:
    """The first value of each static covariate in every series, after making sure that there is only one."""
    if not columns.static:
        return pl.DataFrame()
    key = (
        pl.col(columns.unique_id)
        if columns.unique_id is not None
        else pl.lit(SINGLE_SERIES).alias("unique_id")
    )
    names = list(columns.static)
    grouped = (
        frame.lazy()
        .group_by(key.cast(pl.String).alias("unique_id"))
        .agg(
            *(pl.col(name).drop_nulls().n_unique().alias(f"count {name}") for name in names),
            *(pl.col(name).drop_nulls().first() for name in names),
        )
        .collect()
    )
    for name in names:
        varying = grouped.filter(pl.col(f"count {name}") > 1)
        if varying.height:
            raise DataError(
                f"static column {name!r} has several values in {varying.height:,} series, "
                f"such as {varying['unique_id'].min()!r}",
                "one value in every series",
                "Name it in past=... or future=... instead.",
            )
    own = ids.cast(pl.String).alias("unique_id").to_frame()
    return own.join(grouped, on="unique_id", how="left", maintain_order="left").select(names)

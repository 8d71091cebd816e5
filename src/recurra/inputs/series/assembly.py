"""From a table to the arrays of a panel: ids, times, steps, values, in this order."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float64, Int32, Int64

from recurra.data.naming import counted
from recurra.data.table import numbers
from recurra.data.timestamp import ReadTimes, TimeType
from recurra.errors import DataError
from recurra.inputs.series.columns import SINGLE_SERIES, Columns
from recurra.inputs.series.frequency import BUSINESS, Frequency
from recurra.inputs.series.grid import Grid
from recurra.inputs.series.holiday import Holidays
from recurra.inputs.series.inference import infer_frequency
from recurra.inputs.series.layout import Extent, Steps, find_extent, find_steps, sort_order
from recurra.inputs.series.repair import report_extent, report_merged
from recurra.inputs.series.schema import PanelSchema


@dataclass(frozen=True)
class Placement:
    """Where the rows of a table go, and what that took."""

    ids: pl.Series
    grid: Grid
    time_type: TimeType
    steps: Steps
    extent: Extent
    target: Float64[np.ndarray, " rows"]
    repairs: tuple[str, ...]
    holidays: Holidays

    @property
    def starts(self) -> Int64[np.ndarray, " kept"]:
        """The grid time of the first step of every series that is kept."""
        return self.grid.advance(self.steps.starts[self.extent.kept], self.extent.first)


def place_rows(
    frame: pl.DataFrame,
    columns: Columns,
    frequency: Frequency | None,
    schema: PanelSchema | None,
    read: ReadTimes,
    zone: str | None,
    holidays: Holidays | None = None,
) -> Placement:
    """Sort the rows of a table, find their grid, and put the target on it.

    Args:
        frame: The rows.
        columns: The roles of its columns.
        frequency: The distance between steps; None: inferred. That of a schema goes before it.
        schema: How the data of a model were read, if there is one.
        read: The times of the rows.
        zone: Whose days and hours count; None: that of the times.
        holidays: Whose are known, how far after the last target of each series; None: the schema's, or none.

    Raises:
        DataError: Ids, times or targets are missing, of the wrong type, infinite, or do not fit the schema.
    """
    ids, series = _encode_ids(frame, columns.unique_id)
    times, time_type, notes = read
    repairs = list(notes)
    order, late = sort_order(series, times)
    if order is not None:
        series, times = series[order], times[order]
        if late:
            repairs.append(f"sorted by time: {counted(late, 'row')} stood after a later one of their series")
    grid = _find_grid(series, times, time_type, frequency, schema, zone)
    holidays = holidays or (Holidays() if schema is None else schema.holidays)
    repairs += holidays.told(grid)
    if grid.frequency.is_business and frequency is None and schema is None:
        repairs.append(
            "steps are business days, as no row is on a Saturday or Sunday; frequency=1d keeps these"
        )
    chosen = frequency is not None if schema is None else schema.resampled
    steps = find_steps(series, times, order, grid, chosen=chosen)
    repairs += steps.repairs
    values = numbers(frame[columns.target])
    repairs += report_merged(steps, values, columns.unique_id, chosen=chosen, learnt=schema is not None)
    merged = steps.merge_numbers(values)
    extent = find_extent(
        steps,
        ~np.isnan(merged),
        target=columns.target,
        beyond=bool(columns.future),
        ahead=holidays.ahead,
        ids=ids,
    )
    target = extent.spread(merged, np.float64)
    repairs += report_extent(steps, extent, merged, ids, grid)
    return Placement(
        ids.gather(extent.kept), grid, time_type, steps, extent, target, tuple(repairs), holidays
    )


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
    zone: str | None,
) -> Grid:
    integer = time_type.kind == "integer"
    if schema is not None:
        schema.check_time_type(time_type)
        if not schema.resampled:
            _check_frequency(series, times, schema)
        return schema.grid
    if frequency is None:
        frequency = infer_frequency(times, series, integer=integer, zone=zone or time_type.zone)
    elif frequency.is_integer != integer:
        raise DataError(
            f"frequency {frequency} for {time_type.kind} times",
            "whole numbers for integer times, and a unit of time for dates",
            "Leave the frequency out to have it inferred.",
        )
    return Grid(frequency, zone or time_type.zone)


def _check_frequency(
    series: Int32[np.ndarray, " rows"], times: Int64[np.ndarray, " rows"], schema: PanelSchema
) -> None:
    """New data with enough rows to tell must have the frequency of the model."""
    if len(times) - len(np.unique(series)) < 3:
        return
    wanted = schema.frequency
    try:
        found = infer_frequency(times, series, integer=wanted.is_integer, zone=schema.grid.zone)
    except DataError:
        return  # too irregular to tell; times off the model's grid are an error of their own
    days = {Frequency(1, "d"), Frequency(1, BUSINESS)}  # a few rows may spare a weekend by chance
    if (found.step, found.unit) != (wanted.step, wanted.unit) and not {found, wanted} <= days:
        raise DataError(
            f"the data have a step of {found}",
            f"{wanted}, as in the data of the model",
            "Resample them, or train a model on data like these.",
        )

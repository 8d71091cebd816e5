"""Where every row of a table goes on the regular grid of its series.

Rows are sorted by series and time, moved to the nearest step, and rows of one series and step become one. All
of it is arithmetic on whole columns: no loop goes over rows or series.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool, Float64, Int32, Int64

from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.inputs.series.grid import Grid

_TOLERATED_OFF_GRID = 0.1
_LARGEST_FILL = 20
_SMALL_PANEL = 1_000_000


@dataclass(frozen=True)
class Steps:
    """Rows sorted by series and time, each with its step.

    Attributes:
        order: The row of the table that comes at each place; None when the table was sorted.
        heads: The places at which a new step begins; None when no step occurs twice.
        series: The series of every distinct step.
        positions: Its place in the series, counted from the series' first step.
        starts: The first step of every series, in grid time.
        repairs: What was done to the rows.
    """

    order: Int64[np.ndarray, " rows"] | None
    heads: Int64[np.ndarray, " steps"] | None
    series: Int32[np.ndarray, " steps"]
    positions: Int64[np.ndarray, " steps"]
    starts: Int64[np.ndarray, " series"]
    repairs: tuple[str, ...]

    def sort(self, values: np.ndarray) -> np.ndarray:
        """A column of the table, sorted."""
        return values if self.order is None else values[self.order]

    def merge_numbers(self, values: Float64[np.ndarray, " rows"]) -> Float64[np.ndarray, " steps"]:
        """One value for every step: the mean of those that are there and differ, NaN when none is there."""
        values = self.sort(values)
        if self.heads is None:
            return values
        merged: np.ndarray = values[self.heads]
        several, members, group = _repeated(self.heads, len(values))
        own = values[members]
        own = own[np.lexsort((own, group))]  # a sum that does not depend on the order of the rows
        begins = np.flatnonzero(np.diff(group, prepend=-1))
        lowest, highest = np.fmin.reduceat(own, begins), np.fmax.reduceat(own, begins)
        there = ~np.isnan(own)
        count = np.maximum(np.add.reduceat(there.astype(np.int64), begins), 1)
        mean = np.add.reduceat(np.where(there, own, 0.0), begins) / count
        merged[several] = np.where(highest > lowest, mean, lowest)
        return merged

    def merge_codes(self, values: Int32[np.ndarray, " rows"]) -> Int32[np.ndarray, " steps"]:
        """One category for every step: of several, the first in alphabetical order."""
        values = self.sort(values)
        if self.heads is None:
            return values
        known = np.where(values == 0, np.iinfo(np.int32).max, values)
        merged = np.minimum.reduceat(known, self.heads)
        known_or_zero: np.ndarray = np.where(merged == np.iinfo(np.int32).max, 0, merged)
        return known_or_zero

    def conflicts(self, values: Float64[np.ndarray, " rows"]) -> int:
        """How many steps have several values that differ."""
        if self.heads is None:
            return 0
        values = self.sort(values)
        _, members, group = _repeated(self.heads, len(values))
        begins = np.flatnonzero(np.diff(group, prepend=-1))
        own = values[members]
        return int(np.count_nonzero(np.fmax.reduceat(own, begins) > np.fmin.reduceat(own, begins)))


@dataclass(frozen=True)
class Extent:
    """Which steps a panel keeps, and the flat array that holds them one series after the other.

    Attributes:
        kept: The series that have a value.
        first: The position of the first value of each of them.
        lengths: Steps from there to the last value.
        offsets: Where each series begins in the flat array, and where the last one ends.
        cells: Where every step of `Steps` goes in the flat array; -1 leaves it out.
    """

    kept: Int64[np.ndarray, " kept"]
    first: Int64[np.ndarray, " kept"]
    lengths: Int64[np.ndarray, " kept"]
    offsets: Int64[np.ndarray, " kept_plus_1"]
    cells: Int64[np.ndarray, " steps"]

    def spread(self, values: np.ndarray, kind: type) -> np.ndarray:
        """The flat array of a column that has one value for every step; missing ones are NaN (0 in codes)."""
        empty = np.nan if np.issubdtype(kind, np.floating) else 0
        flat: np.ndarray = np.full(int(self.offsets[-1]), empty, dtype=kind)
        inside = self.cells >= 0
        if inside.all():
            flat[self.cells] = values
        else:
            flat[self.cells[inside]] = values[inside]
        return flat


def sort_order(
    series: Int32[np.ndarray, " rows"], times: Int64[np.ndarray, " rows"]
) -> tuple[Int64[np.ndarray, " rows"] | None, int]:
    """The order that sorts rows by series and time, and how many rows came late in their series."""
    change = np.diff(series)
    if not ((change < 0) | ((change == 0) & (np.diff(times) < 0))).any():
        return None, 0
    order = np.lexsort((times, series))
    return order, int(np.count_nonzero((np.diff(order) < 0) & (np.diff(series[order]) == 0)))


def find_steps(
    series: Int32[np.ndarray, " rows"],
    times: Int64[np.ndarray, " rows"],
    order: Int64[np.ndarray, " rows"] | None,
    grid: Grid,
    *,
    chosen: bool,
) -> Steps:
    """The step of every row.

    Args:
        series: The series of every row, sorted.
        times: Its time in UTC (or an integer), sorted within its series.
        order: What sorted them.
        grid: The grid to find the steps of.
        chosen: Whether the caller chose the frequency, and so wants every time moved to its nearest step.

    Raises:
        DataError: More than a tenth of the times lie off an inferred grid.
    """
    times = grid.from_utc(times)
    starts = _starts(series, times, grid, chosen=chosen)
    positions, on_grid = grid.positions(starts[series], times)
    off = int(len(on_grid) - np.count_nonzero(on_grid))
    repairs = []
    if off:
        if not chosen and not grid.frequency.months and off > _TOLERATED_OFF_GRID * len(times):
            raise DataError(
                f"{off:,} of {len(times):,} times lie off the grid of {grid.frequency}",
                "nearly all times on one regular grid for each series",
                "Resample the table, or train with a frequency of your choice, which moves all times.",
            )
        repairs.append(f"moved {counted(off, 'time')} to the nearest step of {grid.frequency}")
    new = np.ones(len(series), dtype=bool)
    new[1:] = (series[1:] != series[:-1]) | (positions[1:] != positions[:-1])
    if new.all():
        return Steps(order, None, series, positions, starts, tuple(repairs))
    heads = np.flatnonzero(new)
    return Steps(order, heads, series[heads], positions[heads], starts, tuple(repairs))


def _starts(
    series: Int32[np.ndarray, " rows"], times: Int64[np.ndarray, " rows"], grid: Grid, *, chosen: bool
) -> Int64[np.ndarray, " series"]:
    """The grid point of each series' most common phase that is nearest to its first time."""
    firsts = np.flatnonzero(np.diff(series, prepend=-1))
    phase = grid.phase(times)
    usual = phase[firsts]
    if not np.array_equal(usual[series], phase):
        counts = pl.DataFrame({"series": series, "phase": phase}).group_by("series", "phase").len("count")
        modes = (
            counts.sort("series", "count", "phase", descending=[False, True, False])
            .group_by("series", maintain_order=True)
            .agg(pl.col("phase").first(), pl.col("count").first(), pl.col("count").sum().alias("total"))
        )
        rare = (2 * modes["count"] < modes["total"]).to_numpy() & chosen
        usual = np.where(rare, 0, modes["phase"].to_numpy())
    starts = grid.at_phase(times[firsts], usual)
    return grid.advance(starts, np.zeros_like(starts))


def find_extent(
    steps: Steps,
    observed: Bool[np.ndarray, " steps"],
    *,
    target: str,
    beyond: bool,
    ahead: int,
    ids: pl.Series,
) -> Extent:
    """Cut every series to the steps from its first to its last value.

    Args:
        steps: The steps of the table.
        observed: Which of them have a target.
        target: Its column.
        beyond: Whether steps after the last value are kept, because they hold known-future covariates.
        ahead: How many steps after the last value there are at least.
        ids: The names of all series.

    Raises:
        DataError: No series has a value, or the gaps between the rows are absurdly long.
    """
    values = np.flatnonzero(observed)
    if len(values) == 0:
        raise DataError(
            f"no series has a single target value ({listed(map(str, ids.head(3)))})",
            f"numbers in column {target!r}",
            "Check it: all of its values are missing.",
        )
    owner = steps.series[values]
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    ends = np.append(begins[1:], len(values)) - 1
    kept = owner[begins].astype(np.int64)
    first, last = steps.positions[values[begins]], steps.positions[values[ends]]
    lengths = last - first + 1
    final = last + ahead
    if beyond:
        final = np.maximum(final, steps.positions[np.flatnonzero(np.diff(steps.series, append=-1))][kept])
    offsets = np.concatenate([[0], np.cumsum(final - first + 1)])
    _check_fill(steps, kept, np.diff(offsets), ids)
    place = np.full(len(ids), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    index = place[steps.series]
    inside = (index >= 0) & (steps.positions >= first[index]) & (steps.positions <= final[index])
    cells = np.where(inside, offsets[index] + steps.positions - first[index], -1)
    return Extent(kept, first, lengths, offsets, cells)


def _check_fill(
    steps: Steps, kept: Int64[np.ndarray, " kept"], sizes: Int64[np.ndarray, " kept"], ids: pl.Series
) -> None:
    total = float(sizes.astype(np.float64).sum())
    if total <= max(_SMALL_PANEL, _LARGEST_FILL * len(steps.series)):
        return
    largest = int(sizes.argmax())
    rows = int(np.count_nonzero(steps.series == kept[largest]))
    raise DataError(
        f"{len(steps.series):,} rows span {total:,.0f} steps; series {ids[int(kept[largest])]} alone has "
        f"{rows:,} rows over {int(sizes[largest]):,} steps",
        f"gaps that at most {_LARGEST_FILL} times as many steps fill",
        "Look for a mistaken date, or pass a coarser frequency=....",
    )


def _repeated(
    heads: Int64[np.ndarray, " steps"], rows: int
) -> tuple[Int64[np.ndarray, " several"], Bool[np.ndarray, " rows"], Int64[np.ndarray, " members"]]:
    """Steps with several rows, which rows these are, and the step (counted among those) of each."""
    sizes = np.diff(heads, append=rows)
    several = np.flatnonzero(sizes > 1)
    return several, np.repeat(sizes > 1, sizes), np.repeat(np.arange(len(several)), sizes[several])

"""What was done to a table on its way to a panel, in sentences, and where mending would hide a mistake."""

import numpy as np
import polars as pl
from jaxtyping import Bool, Float64

from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.inputs.series.grid import Grid
from recurra.inputs.series.layout import Extent, Steps


def report_merged(
    steps: Steps,
    values: Float64[np.ndarray, " rows"],
    unique_id: str | None,
    *,
    chosen: bool,
    learnt: bool = False,
) -> list[str]:
    """How many rows repeated a time of their series.

    Args:
        steps: Where rows are.
        values: Their targets.
        unique_id: The column that names the series, if any.
        chosen: Whether the frequency was, so that several rows may go to one step.
        learnt: Whether the columns are those of a model, and no longer a choice.

    Raises:
        DataError: Most times have several targets that differ, which is no repetition but a forgotten id.
    """
    if steps.heads is None:
        return []
    repeated, conflicts = len(values) - len(steps.heads), steps.conflicts(values)
    if 2 * conflicts > len(steps.heads) and not chosen:
        now = "none" if unique_id is None else repr(unique_id)
        remedy = f"Name the column that tells series apart with --id (in Python unique_id=...; now {now})"
        if learnt:
            remedy = f"Give rows as in training, where the column that tells series apart was {now}"
        raise DataError(
            f"{conflicts:,} of {len(steps.heads):,} times have several, different targets in one series",
            "one row for every series and time",
            f"{remedy}; where the clock has a column of its own, join the two to one time such as "
            "2020-01-31 14:00.",
        )
    means = f"; {counted(conflicts, 'time')} had different targets, which were averaged" if conflicts else ""
    return [f"merged {counted(repeated, 'row')} that repeated a time of their series{means}"]


def report_extent(
    steps: Steps, extent: Extent, target: Float64[np.ndarray, " steps"], ids: pl.Series, grid: Grid
) -> list[str]:
    """What was left out, cut, filled, found missing, and found beyond the last target."""
    repairs = []
    if len(extent.kept) < len(ids):
        dropped = np.setdiff1d(np.arange(len(ids)), extent.kept)
        names = listed(map(str, ids.gather(dropped[:5])), 4)
        repairs.append(f"left out {len(dropped):,} of {len(ids):,} series without any target value: {names}")
    inside = extent.cells >= 0
    if not inside.all():
        cut = counted(int(np.count_nonzero(~inside)), "step")
        repairs.append(f"cut {cut} without a target at the beginning or end of their series")
    ahead = _ahead(steps, extent, inside)
    given = int(np.count_nonzero(inside)) - ahead
    gaps = int(extent.lengths.sum()) - given
    if gaps:
        repairs.append(
            f"filled {counted(gaps, 'step')} without a row as missing, on a grid of {grid.frequency}"
        )
    missing = int(np.count_nonzero(np.isnan(target) & inside)) - ahead
    if missing:
        repairs.append(f"found {counted(missing, 'row')} without a target: missing values")
    if ahead:
        repairs.append(
            f"kept {counted(ahead, 'step')} after the last target of their series: the known future"
        )
    return repairs


def _ahead(steps: Steps, extent: Extent, inside: Bool[np.ndarray, " steps"]) -> int:
    """How many given steps lie after the last target of their series."""
    end = np.zeros(len(steps.starts), dtype=np.int64)
    end[extent.kept] = extent.first + extent.lengths
    return int(np.count_nonzero(inside & (steps.positions >= end[steps.series])))

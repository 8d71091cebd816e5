"""The frequency of a table, from the most common distance between neighbouring times."""

import numpy as np
import polars as pl
from jaxtyping import Int64, Integer

from recurra.data.zone import DAY, load_zone
from recurra.errors import DataError
from recurra.inputs.series.frequency import BUSINESS, FIXED_UNITS, Frequency, month_time, split_month

_MOSTLY = 0.9
_TWO_WEEKENDS = 11  # days from a first to a last one that have two between them at least


def infer_frequency(
    times: Int64[np.ndarray, " rows"],
    series: Integer[np.ndarray, " rows"] | None = None,
    *,
    integer: bool = False,
    zone: str | None = None,
) -> Frequency:
    """The frequency that a table's times have.

    Every series votes with its most common distance, with the weight of how often it occurs. 28 days and more
    are months, quarters or years when the days of the month agree (the last day of each counts as agreement)
    or when there is a time in every month. Days of two weeks without any Saturday or Sunday
    are business days.

    Args:
        times: Sorted within each series: microseconds in UTC, or integers.
        series: The series of every row, as numbers that are sorted; None: one series.
        integer: Whether times are plain integers.
        zone: Whose clock counts days.

    Raises:
        DataError: No series has two different times, series disagree, or the most common distance is rare.
    """
    wall = load_zone(zone).wall(times) if zone else times
    series = np.zeros(len(times), dtype=np.int64) if series is None else series
    distance = np.diff(wall)
    neighbours = (series[1:] == series[:-1]) & (distance > 0)
    counts = pl.DataFrame({"series": series[1:][neighbours], "distance": distance[neighbours]})
    if counts.height == 0:
        raise DataError(
            "every series has a single time, so their distance is unknown",
            "at least two different times in one series",
            "Add frequency=1h (or whatever it is; in Python frequency='1h'), or give more rows.",
        )
    counts = counts.group_by("series", "distance").len("count")
    votes = (
        counts.sort("count", "distance", descending=[True, False])
        .group_by("series", maintain_order=True)
        .first()
    )
    size = int(_most_common(votes))
    total = int(counts["count"].sum())
    share = int(counts.filter(pl.col("distance") == size)["count"].sum()) / total
    if not integer and size >= 28 * DAY:
        monthly = _monthly(wall, neighbours, share)
        if monthly is not None:
            return monthly
    frequency = Frequency(size, "integer") if integer else _fixed(size)
    if frequency == Frequency(1, "d") and _is_business(wall):
        frequency = Frequency(1, BUSINESS)
    if share < 0.5:
        raise DataError(
            f"times are irregular: the most common step, {frequency}, makes up {share:.0%} of all",
            "most steps of one length",
            "Add frequency=1h (or what suits; in Python frequency='1h') to move all times to their nearest "
            "step, or resample.",
        )
    _check_agreement(votes, counts, size, integer=integer)
    return frequency


def _is_business(wall: Int64[np.ndarray, " rows"]) -> bool:
    """Whether days spare two weekends or more, and none of them has a row."""
    days = wall // DAY
    return int(days.max() - days.min()) >= _TWO_WEEKENDS and bool(((days + 3) % 7 < 5).all())


def _most_common(votes: pl.DataFrame) -> int:
    ranked = (
        votes.group_by("distance")
        .agg(pl.col("count").sum())
        .sort("count", "distance", descending=[True, False])
    )
    return int(ranked["distance"][0])


def _fixed(size: int) -> Frequency:
    """A number of microseconds in the largest unit that measures it."""
    unit = next(unit for unit, length in reversed(FIXED_UNITS.items()) if size % length == 0)
    return Frequency(size // FIXED_UNITS[unit], unit)


def _monthly(
    wall: Int64[np.ndarray, " rows"], neighbours: np.ndarray, constant_share: float
) -> Frequency | None:
    """The frequency in months, or None when the times do not follow the months."""
    month, day, clock = split_month(wall)
    steps, counts = np.unique(np.diff(month)[neighbours], return_counts=True)
    step, share = int(steps[counts.argmax()]), counts.max() / counts.sum()
    if step < 1 or share < 0.5:
        return None
    last = split_month(month_time(month, np.int64(31), clock))[1]
    latest = int(day.max())
    if bool((day == day[0]).all()):
        month_day: int | None = int(day[0])
    elif bool((day == last).all()):
        month_day = 31
    elif bool((day == np.minimum(latest, last)).all()):
        month_day = latest
    elif constant_share < _MOSTLY <= share:
        month_day = 1
    else:
        return None
    unit, months = next((unit, size) for unit, size in (("y", 12), ("q", 3), ("mo", 1)) if step % size == 0)
    return Frequency(step // months, unit, month_day)


def _check_agreement(votes: pl.DataFrame, counts: pl.DataFrame, size: int, *, integer: bool) -> None:
    """Series of at least four times that mostly keep another distance are an error."""
    totals = counts.group_by("series").agg(pl.col("count").sum().alias("total"))
    others = votes.join(totals, on="series").filter(
        (pl.col("distance") != size) & (pl.col("total") >= 3) & (2 * pl.col("count") > pl.col("total"))
    )
    if others.height == 0:
        return
    other = int(others["distance"][0])
    first, second = (f"{value}" if integer else str(_fixed(value)) for value in (size, other))
    raise DataError(
        f"series differ in frequency: most have {first}, {others.height} have another, such as {second}",
        "one frequency for all series",
        "Forecast them apart, or add frequency=... to put all on one grid.",
    )

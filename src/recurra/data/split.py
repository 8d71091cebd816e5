"""Training, validation and test parts in time order, as positions in each series; nothing is copied.

Of every series, training comes first, validation next, test last. Targets of a part are never seen before it;
its windows look back over the parts before, as they will in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.data.naming import listed
from recurra.data.origin import Origins, rolling_origins
from recurra.data.panel import Panel
from recurra.data.timestamp import read_times
from recurra.data.zone import load_zone
from recurra.errors import ConfigError, DataError


@dataclass(frozen=True)
class Split:
    """The parts of every series.

    Attributes:
        train_end: Training is from the first step to here.
        validation_end: Validation is from `train_end` to here.
        test_end: Test is from `validation_end` to here.
        repairs: Which series are too short and left out; their positions are all 0.
    """

    train_end: Int64[np.ndarray, " series"]
    validation_end: Int64[np.ndarray, " series"]
    test_end: Int64[np.ndarray, " series"]
    repairs: list[str]

    def origins(self, part: Literal["validation", "test"], horizon: int, stride: int = 1) -> Origins:
        """Every `stride`-th origin of a part, from its first step on, whose horizon ends inside the part."""
        begin, end = (
            (self.train_end, self.validation_end)
            if part == "validation"
            else (self.validation_end, self.test_end)
        )
        return rolling_origins(begin, end, horizon, stride)


def split_by_windows(
    panel: Panel,
    horizon: int,
    *,
    validation_windows: int = 1,
    test_windows: int = 1,
    stride: int | None = None,
    min_history: int = 1,
) -> Split:
    """Keep the last windows of every series for test, and those before them for validation.

    Args:
        panel: The series.
        horizon: Steps of a window.
        validation_windows: How many for validation; 0: no validation part.
        test_windows: How many for test; 0: no test part.
        stride: Steps from one window to the next; None: the horizon, so that windows do not overlap.
        min_history: Values that training needs before its first window.

    Raises:
        ConfigError: A number is too small.
        DataError: Every series is too short.
    """
    stride = horizon if stride is None else stride
    _check(horizon=horizon, stride=stride, min_history=min_history)
    _check(least=0, validation_windows=validation_windows, test_windows=test_windows)
    sizes = [
        np.full(len(panel), horizon + (count - 1) * stride if count else 0)
        for count in (validation_windows, test_windows)
    ]
    return _cut(panel, horizon, sizes[0], sizes[1], min_history)


def split_by_size(
    panel: Panel,
    horizon: int,
    *,
    validation: int | float,  # noqa: PYI041 - steps and shares are two things
    test: int | float,  # noqa: PYI041
    min_history: int = 1,
) -> Split:
    """Keep the last steps of every series for test, and those before them for validation.

    Args:
        panel: The series.
        horizon: Steps of a window.
        validation: Steps (from 1 on) or the share of a series (below 1) for validation; 0: none.
        test: The same for test.
        min_history: Values that training needs before its first window.

    Raises:
        ConfigError: A size is negative, or smaller than the horizon without being 0.
        DataError: Every series is too short.
    """
    _check(horizon=horizon, min_history=min_history)
    sizes = []
    for name, size in (("validation", validation), ("test", test)):
        if size < 0 or (size >= 1 and (size < horizon or size != int(size))):
            raise ConfigError(
                f"{name} is {size} with horizon {horizon}",
                "0, at least the horizon in whole steps, or a share below 1",
                f"Write {name}=0.2 for a fifth of every series.",
            )
        own = size * panel.lengths if size < 1 else np.full(len(panel), size)
        sizes.append(np.maximum(own.astype(np.int64), horizon if size else 0))
    return _cut(panel, horizon, sizes[0], sizes[1], min_history)


def split_by_time(
    panel: Panel,
    horizon: int,
    *,
    validation_start: str | date | datetime | int,
    test_start: str | date | datetime | int,
    test_end: str | date | datetime | int | None = None,
    min_history: int = 1,
) -> Split:
    """Cut all series at the same times.

    Args:
        panel: The series.
        horizon: Steps of a window.
        validation_start: The first time of validation, as a date, an ISO text, or an integer for integer
            time; the same as `test_start` for no validation part. Times without a zone are on the panel's own
            clock.
        test_start: The first time of test.
        test_end: The first time after test; None: test goes on to the end.
        min_history: Values that training needs before its first window.

    Raises:
        ConfigError: The times are not in order.
        DataError: A time cannot be read, or no series has enough values before validation.
    """
    _check(horizon=horizon, min_history=min_history)
    cuts = [_position(panel, time) for time in (validation_start, test_start)]
    cuts.append(panel.lengths if test_end is None else _position(panel, test_end))
    if any((later < earlier).any() for earlier, later in pairwise(cuts)):
        raise ConfigError(
            f"parts begin at {validation_start}, {test_start} and end at {test_end}",
            "validation before test, and test before its end",
            "Put the times in order.",
        )
    return _keep_long(panel, cuts[0], cuts[1], cuts[2], np.full(len(panel), horizon + min_history), cuts[0])


def _cut(
    panel: Panel,
    horizon: int,
    validation: Int64[np.ndarray, " series"],
    test: Int64[np.ndarray, " series"],
    min_history: int,
) -> Split:
    test_begin = panel.lengths - test
    needed = validation + test + horizon + min_history
    return _keep_long(panel, test_begin - validation, test_begin, panel.lengths, needed, panel.lengths)


def _keep_long(
    panel: Panel,
    train_end: Int64[np.ndarray, " series"],
    validation_end: Int64[np.ndarray, " series"],
    test_end: Int64[np.ndarray, " series"],
    needed: Int64[np.ndarray, " series"],
    available: Int64[np.ndarray, " series"],
) -> Split:
    """The split of the series that have the steps they need; the others are left out."""
    long = available >= needed
    short = np.flatnonzero(~long)
    if len(short) == len(panel):
        longest = int(available.argmax())
        raise DataError(
            f"all {len(panel)} series are too short: the longest, {panel.ids[longest]}, has "
            f"{int(available[longest])} steps to divide",
            f"at least {int(needed[longest])} (training, validation and test with one horizon each at least)",
            "Shorten the horizon, the test or the validation part, or give longer series.",
        )
    repairs = []
    if len(short):
        names: Sequence[str] = [panel.ids[int(index)] for index in short[:5]]
        repairs.append(
            f"left out {len(short):,} of {len(panel):,} series shorter than the "
            f"{int(needed[short].min())} steps that training, validation and test need: {listed(names, 4)}"
        )
    ends = [np.where(long, end, 0) for end in (train_end, validation_end, test_end)]
    return Split(ends[0], ends[1], ends[2], repairs)


def _position(panel: Panel, time: str | date | datetime | int) -> Int64[np.ndarray, " series"]:
    """The first step of every series that is not before a time, from 0 to its length."""
    when, kind = read_times(pl.Series("the time of a split", [time]))
    schema = panel.schema
    if (kind.kind == "integer") != (schema.time_type.kind == "integer"):
        raise DataError(
            f"a split at {time!r}",
            f"a time like those of column {schema.columns.time!r} ({schema.time_type.kind})",
            "Write it in the same way.",
        )
    if schema.time_type.zone and kind.zone is None:
        when = load_zone(schema.time_type.zone).utc(when)
    grid = schema.grid
    wanted = np.repeat(grid.from_utc(when), len(panel))
    near, _ = grid.positions(panel.starts, wanted)
    first: np.ndarray = near + (grid.advance(panel.starts, near) < wanted)
    inside: np.ndarray = np.clip(first, 0, panel.lengths)
    return inside


def _check(least: int = 1, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < least:
            raise ConfigError(f"{name} is {number}", f"a whole number of at least {least}", f"Raise {name}.")

"""Training, validation and test parts in time order, as positions in each series; nothing is copied.

Of every series, training comes first, validation next, test last. Targets of a part are never seen before it;
its windows look back over the parts before, as they will in use.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int32, Int64

from recurra.data.naming import listed
from recurra.errors import ConfigError, DataError
from recurra.inputs.series.origin import Origins, rolling_origins
from recurra.inputs.series.panel import Panel


@dataclass(frozen=True)
class Split:
    """The parts of every series.

    Attributes:
        train_end: Training is from the first step to here.
        validation_end: Validation is from `train_end` to here.
        test_end: Test is from `validation_end` to here.
        repairs: Which series are too short and left out (their positions are all 0), or hold out less.
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


def split_by_size(panel: Panel, horizon: int, *, validation: int, test: int) -> Split:
    """Keep the last steps of every series for test, and those before them for validation.

    A series that is too short for these sizes keeps one horizon for each.

    Args:
        panel: The series.
        horizon: Steps of a window.
        validation: Steps for validation; 0: none.
        test: Steps for test; 0: none.

    Raises:
        ConfigError: The horizon is below 1, or a size is smaller than it without being 0.
        DataError: Every series is too short.
    """
    if horizon < 1:
        raise ConfigError(f"horizon is {horizon}", "a whole number of at least 1", "Raise horizon.")
    for name, size in (("validation", validation), ("test", test)):
        if size != 0 and size < horizon:
            raise ConfigError(
                f"{name} is {size} with horizon {horizon}", "0, or at least the horizon", f"Raise {name}."
            )
    lengths = panel.lengths
    held, tested = held_out_sizes(lengths, horizon, validation=validation, test=test)
    needed = int((held + tested).min()) + horizon + 1
    long = lengths >= held + tested + horizon + 1
    ends = (lengths - held - tested, lengths - tested, lengths)
    train_end, validation_end, test_end = (np.where(long, end, 0) for end in ends)
    repairs = _left_out(panel, long, needed)
    if fewer := int(np.sum(long & (tested + held < validation + test))):
        repairs.append(
            f"{fewer:,} of {len(panel):,} series hold out one horizon for validation and test each: they are "
            f"shorter than {validation + test + horizon + 1} steps"
        )
    return Split(train_end, validation_end, test_end, repairs)


def held_out_sizes(
    lengths: Int64[np.ndarray, " series"], horizon: int, *, validation: int, test: int
) -> tuple[Int64[np.ndarray, " series"], Int64[np.ndarray, " series"]]:
    """Steps for validation and for test of series of such lengths: at most a horizon each of a short one.

    Where all are short, the sizes are none that was meant for some of them, and stay.
    """
    roomy = lengths >= validation + test + horizon + 1
    roomy = roomy | ~roomy.any()
    short_validation, short_test = (min(size, horizon) for size in (validation, test))
    return np.where(roomy, validation, short_validation), np.where(roomy, test, short_test)


def _left_out(panel: Panel, long: Bool[np.ndarray, " series"], needed: int) -> list[str]:
    """A sentence about the series that are too short, if any.

    Raises:
        DataError: All are.
    """
    short = np.flatnonzero(~long)
    if len(short) == len(panel):
        longest = int(panel.lengths.argmax())
        raise DataError(
            f"all {len(panel)} series are too short: the longest, {panel.ids[longest]}, has "
            f"{int(panel.lengths[longest])} steps to divide",
            f"at least {needed} (training, validation and test with one horizon each at least)",
            "Shorten the horizon, the test or the validation part, or give longer series.",
        )
    if len(short) == 0:
        return []
    names = [panel.ids[int(index)] for index in short[:5]]
    which = f"{len(short):,} of {len(panel):,} series shorter than the {needed} steps"
    return [f"left out {which} that training, validation and test need: {listed(names, 4)}"]


def forget_unseen(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Panel:
    """The panel with the categories that its training part holds; others get code 0, as missing ones have.

    Args:
        panel: The series.
        ends: Where the training part of each series ends, counted from its beginning. The static covariates
            of series that end at 0 are not looked at.
    """
    schema = panel.schema
    if not schema.vocabularies:
        return panel
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    rows = position < np.repeat(ends, panel.extents)
    vocabularies = dict(schema.vocabularies)
    arrays = []
    for role, codes, trained in (
        ("past", panel.past_codes, rows),
        ("future", panel.future_codes, rows),
        ("static", panel.static_codes, ends > 0),
    ):
        own = codes.copy()
        for at, name in enumerate(schema.categorical(role)):
            vocabularies[name], own[:, at] = _known(schema.vocabularies[name], codes[:, at], trained)
        arrays.append(own)
    past, future, static = arrays
    return replace(
        panel,
        schema=replace(schema, vocabularies=vocabularies),
        past_codes=past,
        future_codes=future,
        static_codes=static,
    )


def _known(
    words: tuple[str, ...], codes: Int32[np.ndarray, " rows"], trained: Bool[np.ndarray, " rows"]
) -> tuple[tuple[str, ...], Int32[np.ndarray, " rows"]]:
    """The words that occur in training rows, and the codes that they give all rows."""
    seen = np.unique(codes[trained])
    seen = seen[seen > 0]
    numbers = np.zeros(len(words) + 1, dtype=np.int32)
    numbers[seen] = np.arange(1, len(seen) + 1)
    return tuple(words[code - 1] for code in seen), numbers[codes]

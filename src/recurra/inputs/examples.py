"""Rows of a data set before anything is learnt from them: what each holds, and the columns beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.data.table import Table
from recurra.errors import DataError


class Kept(NamedTuple):
    """The columns of a table that a task keeps for itself, so that no input reads them.

    Attributes:
        told: The one that it tells; None where it finds none.
        others: Those that are the truth of something else.
    """

    told: str | None = None
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self.others if self.told is None else (self.told, *self.others)


Keep = Callable[[pl.DataFrame], Kept]
"""What a task keeps of the columns that an input could do without; those that it wants most come first."""


def keep_nothing(frame: pl.DataFrame) -> Kept:
    """All columns are for the input."""
    del frame
    return Kept()


@dataclass(frozen=True)
class Examples:
    """What an input reads.

    Attributes:
        contents: What the net is to see of each row, in the form that the input reads: a text, a list of
            tokens, an array (time, features).
        columns: The other columns, one row for each of `contents`; a task finds its targets there.
        places: Where each row stands, for messages: "reviews.tsv, line 3".
        table: Where they came from, for results in the caller's library.
        repairs: What was put right while reading, a sentence each.
        reads: The columns that the contents hold, where they have names.
        kept: The columns that the task keeps for itself.
        settings: Settings of the input that were "auto", as they were found to be; with them other data are
            read in the same way, or it is an error.
        numbers: Of each row, from 1 on, in a source of which some were skipped; none: they are in sequence.
    """

    contents: Sequence[Any]
    columns: pl.DataFrame
    places: Sequence[str]
    table: Table
    repairs: tuple[str, ...] = field(default=())
    reads: tuple[str, ...] = ()
    kept: Kept = field(default=Kept())
    settings: Mapping[str, Any] = field(default_factory=dict)
    numbers: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.contents)

    @property
    def names(self) -> list[str]:
        """What rows are called where one is asked for: their numbers."""
        return list(map(str, self._numbers))

    @property
    def _numbers(self) -> Sequence[int]:
        return self.numbers or range(1, len(self) + 1)

    def rows(self, index: Int64[np.ndarray, " rows"]) -> "Examples":
        """Some of the rows, by number."""
        chosen = index.tolist()
        return replace(
            self,
            contents=[self.contents[row] for row in chosen],
            columns=self.columns[chosen]
            if self.columns.width
            else self.columns,  # polars forgets how high no columns are
            places=[self.places[row] for row in chosen],
            numbers=[self._numbers[row] for row in chosen],
        )


def placed(place: str, error: DataError) -> DataError:
    """The same error, with the place of the row that it is about, where it does not name that already."""
    got = error.got if place in error.got else f"{place}: {error.got}"
    return DataError(got, error.expected, error.remedy)

"""Rows of a data set before anything is learnt from them: what each holds, and the columns beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.data.table import Table


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
    """

    contents: Sequence[Any]
    columns: pl.DataFrame
    places: Sequence[str]
    table: Table
    repairs: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.contents)

    def rows(self, index: Int64[np.ndarray, " rows"]) -> "Examples":
        """Some of the rows, by number."""
        chosen = index.tolist()
        return Examples(
            [self.contents[row] for row in chosen],
            self.columns[chosen]
            if self.columns.width
            else self.columns,  # polars forgets how high no columns are
            [self.places[row] for row in chosen],
            self.table,
            self.repairs,
        )

"""Columns of a table as numbers, and categories as codes with a vocabulary that is kept."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Float64, Int32

from recurra.errors import DataError

_LARGEST = float(np.finfo(np.float32).max)


def is_categorical(column: pl.Series) -> bool:
    """Whether a column holds categories: text, categoricals, or truth values."""
    return column.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean)


def numbers(column: pl.Series) -> Float64[np.ndarray, " rows"]:
    """A numeric column, missing values as NaN.

    Raises:
        DataError: The column is not numeric, or holds values that are infinite or too large for 32 bits.
    """
    kind = column.dtype
    if not (kind.is_numeric() or kind in (pl.Boolean, pl.Null)):
        given = column.drop_nulls()
        odd = given
        if kind == pl.String:
            odd = given.filter(given.str.strip_chars().cast(pl.Float64, strict=False).is_null())
        example = next(iter((odd if len(odd) else given).head(1).to_list()), None)
        raise DataError(
            f"column {column.name!r} has type {kind} (such as {example!r})",
            "numbers",
            "Choose another column, or turn its values into numbers first.",
        )
    values: np.ndarray = column.cast(pl.Float64).to_numpy()
    wrong = np.abs(values) > _LARGEST
    if wrong.any():
        row = int(wrong.argmax())
        word = "infinite" if np.isinf(values[wrong]).any() else "too large"
        raise DataError(
            f"column {column.name!r} has {int(wrong.sum())} {word} values, first in row {row + 1}",
            "finite numbers below 3.4e38",
            "Replace them, or leave them empty to mark them as missing.",
        )
    return values


def vocabulary(column: pl.Series) -> tuple[str, ...]:
    """The categories of a column, sorted."""
    return tuple(column.cast(pl.String).drop_nulls().unique().sort().to_list())


def codes(column: pl.Series, words: Sequence[str]) -> Int32[np.ndarray, " rows"]:
    """Categories as numbers from 1 in the order of the vocabulary; 0 is a missing or unknown one."""
    if not words:
        return np.zeros(len(column), dtype=np.int32)
    known = column.cast(pl.String).cast(pl.Enum(list(words)), strict=False)
    return (known.to_physical().cast(pl.Int32) + 1).fill_null(0).to_numpy()

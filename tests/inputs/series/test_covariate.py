from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from recurra.data.table import numbers
from recurra.errors import DataError
from recurra.inputs.series.covariate import codes, is_categorical, vocabulary


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([1, None, 3]), [1.0, np.nan, 3.0]),
        (pl.Series([1.5, float("nan"), None]), [1.5, np.nan, np.nan]),
        (pl.Series([True, False, None]), [1.0, 0.0, np.nan]),
        (pl.Series([Decimal("1.25"), None, Decimal(3)]), [1.25, np.nan, 3.0]),
        (pl.Series([None, None]), [np.nan, np.nan]),
        (pl.Series([7], dtype=pl.UInt64), [7.0]),
    ],
    ids=str,
)
def test_numbers_of_every_type(column: pl.Series, expected: list[float]) -> None:
    np.testing.assert_array_equal(numbers(column), expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, float("inf")], r"column 'y' has 1 infinite values, first in row 2; expected finite numbers"),
        ([float("-inf"), float("inf"), 1.0], r"2 infinite values, first in row 1.*leave them empty"),
        ([1.0, 2.0, 1e300], r"1 too large values, first in row 3"),
        (["1", "two", "x"], r"column 'y' holds 'two' in row 2, and 1 more such values; expected numbers"),
        (["1", "2"], r"column 'y' holds numbers as text \(such as '1'\)"),
        ([[1], [2]], r"column 'y' has type List"),
    ],
)
def test_what_is_no_number(values: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        numbers(pl.Series("y", values))


def test_codes_count_from_one_in_alphabetical_order() -> None:
    column = pl.Series(["b", "ü", None, "a", "b"])
    words = vocabulary(column)
    assert words == ("a", "b", "ü")
    assert codes(column, words).tolist() == [2, 3, 0, 1, 2]


def test_unknown_categories_are_zero() -> None:
    assert codes(pl.Series(["b", "new"]), ("a", "b")).tolist() == [2, 0]
    assert codes(pl.Series(["b", "new"]), ()).tolist() == [0, 0]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(["x", "y"]),
        pl.Series(["x", "y"], dtype=pl.Categorical),
        pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])),
        pl.Series([True, False]),
    ],
    ids=["text", "categorical", "enum", "truth values"],
)
def test_categories_of_every_type(column: pl.Series) -> None:
    assert is_categorical(column)
    words = vocabulary(column)
    assert [words[code - 1] for code in codes(column, words)] == column.cast(pl.String).to_list()


def test_numbers_as_categories_on_demand() -> None:
    column = pl.Series([30, 4, 30])
    assert not is_categorical(column)
    assert vocabulary(column) == ("30", "4")
    assert codes(column, vocabulary(column)).tolist() == [1, 2, 1]

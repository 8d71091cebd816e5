from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_series_equal

from recurra.data.timestamp import TimeType, looks_like_time, parse_text, read_times
from recurra.errors import DataError

MOMENTS = pl.Series("ds", [datetime(1969, 12, 31, 23, 59), datetime(2024, 2, 29, 5), datetime(2100, 1, 1)])


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kathmandu"])
def test_datetimes_of_every_unit_and_zone_come_back(unit: str, zone: str | None) -> None:
    column = MOMENTS.cast(pl.Datetime(unit))
    if zone:
        column = column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    times, kind, _ = read_times(column)
    np.testing.assert_array_equal(times, MOMENTS.dt.epoch("us"))
    assert kind == TimeType("datetime", unit, zone)
    assert_series_equal(kind.column(times, "ds"), column)
    assert TimeType.from_dict(kind.to_dict()) == kind


def test_dates_come_back_as_dates_unless_hours_are_forecast() -> None:
    column = pl.Series("ds", [date(2024, 2, 29), date(1960, 1, 1)])
    times, kind, _ = read_times(column)
    assert_series_equal(kind.column(times, "ds"), column)
    assert kind.column(times + 3_600_000_000, "ds")[0] == datetime(2024, 2, 29, 1)


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt32, pl.Int64, pl.Float32, pl.Float64])
def test_whole_numbers_are_integer_times(dtype: type[pl.DataType]) -> None:
    times, kind, _ = read_times(pl.Series("year", [5, 7, 11], dtype=dtype))
    assert times.tolist() == [5, 7, 11]
    assert kind.kind == "integer"
    assert kind.column(times, "year").to_list() == [5, 7, 11]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", datetime(2024, 2, 29)),
        ("2024/2/9", datetime(2024, 2, 9)),
        ("2024-02", datetime(2024, 2, 1)),
        ("2024Q3", datetime(2024, 7, 1)),
        ("2024-q4", datetime(2024, 10, 1)),
        (" 2024-02-29 ", datetime(2024, 2, 29)),
        ("2024-02-29 05:07", datetime(2024, 2, 29, 5, 7)),
        ("2024-02-29T05:07:09", datetime(2024, 2, 29, 5, 7, 9)),
        ("2024-02-29 05:07:09.5", datetime(2024, 2, 29, 5, 7, 9, 500_000)),
        ("2024-02-29T05:07:09Z", datetime(2024, 2, 29, 5, 7, 9)),
        ("2024-02-29T05:07:09+02:00", datetime(2024, 2, 29, 3, 7, 9)),
        ("2024-02-29T05:07:09+0200", datetime(2024, 2, 29, 3, 7, 9)),
    ],
)
def test_text_is_read_year_first(text: str, expected: datetime) -> None:
    column = pl.Series("ds", [text, text])
    assert looks_like_time(column)
    times, _, _ = read_times(column)
    assert pl.Series(times).cast(pl.Datetime("us")).to_list() == [expected, expected]


@pytest.mark.parametrize(
    "later", ["2024-02-29 05:07:09.25", "2024-02-29 05:07:09"], ids=["with a fraction", "without one"]
)
def test_fractions_of_seconds_may_come_and_go(later: str) -> None:
    column = pl.Series("ds", ["2024-02-29 05:07:09", later])
    assert parse_text(column)[1].microsecond == (250_000 if "." in later else 0)


@pytest.mark.parametrize(
    "text", ["30/30/2024", "29.02.2023", "3rd of May", "today", "2024-13-01", "2024-02-30"]
)
def test_other_text_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(
        DataError, match=rf"column 'ds' has '{text}' in row 1(, and 1 more such times)?; expected times"
    ):
        read_times(pl.Series("ds", [text, "2024-01-01"]))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["31.12.2020", "1.1.2021"], ["2020-12-31", "2021-01-01"]),
        (["1.2.2020", "3.4.2020"], ["2020-02-01", "2020-04-03"]),  # with points the day is first
        (["12/31/2020", "01/01/2021"], ["2020-12-31", "2021-01-01"]),
        (["01-02-2020", "31-12-2020"], ["2020-02-01", "2020-12-31"]),
        (["13/01/2020 5:30", "01/02/2020 14:00:09"], ["2020-01-13 05:30:00", "2020-02-01 14:00:09"]),
    ],
)
def test_days_and_months_are_told_apart_where_only_one_reading_fits(
    texts: list[str], expected: list[str]
) -> None:
    column = pl.Series("ds", [texts[0], None, *texts[1:]])
    assert looks_like_time(column)
    assert [str(value) for value in parse_text(column).drop_nulls()] == expected


def test_days_and_months_that_cannot_be_told_apart_are_an_error() -> None:
    with pytest.raises(DataError, match=r"may be day or month first .*'01/02/2020'.*one way only"):
        read_times(pl.Series("ds", ["01/02/2020", "03/04/2020"]))
    with pytest.raises(DataError, match=r"has '2024-01-01' in row 2.*such as '%d/%m/%Y"):
        read_times(pl.Series("ds", ["01/02/2024", "2024-01-01"]))


def test_the_first_bad_row_is_named() -> None:
    with pytest.raises(DataError, match=r"column 'ds' has 'soon' in row 3"):
        read_times(pl.Series("ds", ["2024-01-01", "2024-01-02", "soon", "later"]))


def test_missing_times_are_counted() -> None:
    with pytest.raises(
        DataError, match=r"column 'ds' has 2 missing times, first in row 2; expected a time in every"
    ):
        read_times(pl.Series("ds", [date(2024, 1, 1), None, None]))
    with pytest.raises(DataError, match="2 missing times"):
        read_times(pl.Series("ds", [None, None], dtype=pl.String))


@pytest.mark.parametrize(
    "column",
    [pl.Series("ds", [1.5, 2.0]), pl.Series("ds", [True, False]), pl.Series("ds", [[1], [2]])],
    ids=["fractions", "truth values", "lists"],
)
def test_other_types_are_an_error(column: pl.Series) -> None:
    with pytest.raises(DataError, match=r"column 'ds' has type .*expected dates, datetimes or whole numbers"):
        read_times(column)


def test_infinite_and_missing_floats_are_no_times() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(DataError, match="column 'ds'"):
            read_times(pl.Series("ds", [1.0, value]))


@pytest.mark.parametrize("values", [["a", "b"], [1, 2], [None, None], ["2024-01-01", "x"]])
def test_what_does_not_look_like_time(values: list[object]) -> None:
    assert not looks_like_time(pl.Series("x", values, strict=False))


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("ds", [0, 2**63], dtype=pl.UInt64),
        pl.Series("ds", [0, -(2**62)]),
        pl.Series("ds", [0.0, 1e30]),
        pl.Series("ds", [0, 2**62]).cast(pl.Datetime("us")),
    ],
    ids=str,
)
def test_times_beyond_all_measure_are_an_error(column: pl.Series) -> None:
    with pytest.raises(DataError, match=r"in row 2; expected times within 36,000 years of 1970"):
        read_times(column)

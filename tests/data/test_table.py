import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal
from tests.inputs.series.example import hourly

from recurra.data.table import Table, read_table
from recurra.errors import DataError

FORMATS = [
    "table.csv",
    "table.tsv",
    "table.csv.gz",
    "table.tsv.gz",
    "table.parquet",
    "table.jsonl",
    "table.ndjson",
]
FORMATS += ["table.jsonl.gz", "TABLE.CSV"]


def write(frame: pl.DataFrame, path: Path) -> Path:
    name = path.name.lower()
    if name.endswith(".parquet"):
        frame.write_parquet(path)
        return path
    text = (
        frame.write_ndjson() if "json" in name else frame.write_csv(separator="\t" if "tsv" in name else ",")
    )
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_table(tmp_path: Path, name: str) -> None:
    frame = hourly()
    table = read_table(write(frame, tmp_path / name))
    times = table.frame["ds"].cast(pl.String).str.to_datetime(strict=False)
    assert_frame_equal(table.frame.with_columns(times.alias("ds")), frame)
    assert table.library == "polars"
    assert table.source == str(tmp_path / name)


@pytest.mark.parametrize("name", FORMATS)
def test_only_wanted_columns_are_read_in_the_wanted_order(tmp_path: Path, name: str) -> None:
    table = read_table(str(write(hourly(), tmp_path / name)), columns=["y", "unique_id"])
    assert_frame_equal(table.frame, hourly().select("y", "unique_id"))


@pytest.mark.parametrize("name", FORMATS)
def test_rows_limits_what_is_read(tmp_path: Path, name: str) -> None:
    assert read_table(write(hourly(), tmp_path / name), rows=5).frame.height == 5


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path, name: str) -> None:
    path = write(hourly().rename({"y": "demand"}), tmp_path / name)
    with pytest.raises(DataError, match=r"no column 'demands'.*unique_id, ds, demand.*mean 'demand'"):
        read_table(path, columns=["ds", "demands"])


def test_frames_of_every_library_give_the_same_table() -> None:
    frame = hourly()
    for source, library in [(frame, "polars"), (frame.lazy(), "polars"), (frame.to_pandas(), "pandas")]:
        table = read_table(source)
        assert table.library == library
        assert_frame_equal(table.frame, frame)
    table = read_table(frame.to_arrow())
    assert table.library == "pyarrow"
    assert_frame_equal(table.frame, frame)


def test_results_come_back_in_the_callers_library() -> None:
    frame = hourly()
    assert isinstance(read_table(frame.to_pandas()).give_back(frame), pd.DataFrame)
    assert isinstance(read_table(frame.to_arrow()).give_back(frame), pa.Table)
    assert read_table(frame).give_back(frame) is frame
    for back in (
        read_table(frame.to_pandas()).give_back(frame),
        read_table(frame.to_arrow()).give_back(frame),
    ):
        assert_frame_equal(read_table(back).frame, frame)


def test_a_pandas_index_of_times_becomes_the_time_column() -> None:
    times = pd.date_range("2024-01-01", periods=5, freq="D")
    frame = read_table(pd.DataFrame({"y": np.arange(5.0)}, index=times)).frame
    assert frame.columns == ["ds", "y"]
    assert frame["ds"].dtype.is_temporal()
    named = pd.DataFrame({"y": np.arange(5.0)}, index=times.rename("day"))
    assert read_table(named).frame.columns == ["day", "y"]


def test_pandas_periods_become_their_first_moment() -> None:
    months = pd.period_range("2024-01", periods=3, freq="M")
    expected = pl.Series("ds", ["2024-01-01", "2024-02-01", "2024-03-01"]).str.to_datetime()
    for given in (pd.DataFrame({"y": [1, 2, 3]}, index=months), pd.DataFrame({"ds": months, "y": [1, 2, 3]})):
        assert read_table(given).frame["ds"].cast(pl.Datetime("us")).to_list() == expected.to_list()
    assert isinstance(months, pd.PeriodIndex)


def test_pandas_columns_that_share_a_name() -> None:
    with pytest.raises(DataError, match=r"a DataFrame that cannot be converted .*Rename the columns"):
        read_table(pd.DataFrame([[1, 2, 3]], columns=["ds", "y", "y"]))
    with pytest.raises(DataError, match=r"cannot be converted"):
        read_table(pd.DataFrame({"ds": [1, 2]}, index=pd.Index([3, 4], name="ds")))


def test_a_lazy_frame_that_fails() -> None:
    with pytest.raises(DataError, match=r"a LazyFrame that cannot be converted"):
        read_table(pl.scan_csv("nowhere.csv"))


def test_a_plain_pandas_index_is_dropped_and_a_named_one_kept() -> None:
    frame = pd.DataFrame({"ds": [1, 2], "y": [3.0, 4.0]}, index=[7, 5])
    assert read_table(frame).frame.columns == ["ds", "y"]
    pairs = pd.MultiIndex.from_product([["a"], pd.date_range("2024-01-01", periods=3)], names=["shop", "day"])
    assert read_table(pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=pairs)).frame.columns == ["shop", "day", "y"]


def test_a_table_is_read_again_as_itself() -> None:
    table = Table(hourly(), "pandas", "somewhere")
    again = read_table(table, columns=["ds", "y"])
    assert (again.library, again.source, again.frame.columns) == ("pandas", "somewhere", ["ds", "y"])


def test_samples_are_read_by_name() -> None:
    assert read_table("sample:co2").frame.columns == ["unique_id", "ds", "y"]
    with pytest.raises(DataError, match=r"no sample is named 'co3'; expected one of co2, elnino.*mean 'co2'"):
        read_table("sample:co3")


@pytest.mark.parametrize("source", [3, None, object()])
def test_other_things_are_no_tables(source: object) -> None:
    with pytest.raises(DataError, match=r"a table of type .*expected a path, 'sample:NAME', a frame"):
        read_table(source)


def test_plain_data_are_tables() -> None:
    expected = pl.DataFrame({"ds": [0, 1, 2], "y": [5.0, 3.0, 7.0]})
    for source in ([5.0, 3.0, 7.0], np.array([5.0, 3.0, 7.0]), pl.Series([5.0, 3.0, 7.0])):
        assert read_table(source).frame.equals(expected)
    assert read_table({"ds": [0, 1, 2], "y": (5.0, 3.0, 7.0)}).frame.equals(expected)
    for gaps in ([1, None, 2.5], np.array([1, None, 2.5], dtype=object)):
        assert read_table(gaps).frame["y"].to_list() == [1.0, None, 2.5]
    series = read_table(pd.Series([5.0, 3.0, 7.0]))
    assert (series.library, series.frame.equals(expected)) == ("pandas", True)
    assert read_table(pd.Series([1.0], index=pd.Index([4], name="step"), name="a")).frame.columns == [
        "step",
        "a",
    ]


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [
        ("ds;y\n1;987\n2;1.234\n3;12.500\n", [987.0, 1234.0, 12500.0], [987.0, 1.234, 12.5]),
        ("ds;y\n1;1.234\n2;12.345\n", [1234.0, 12345.0], [1.234, 12.345]),
        ("ds;y\n1;987\n2;1,234\n", [987.0, 1.234], [987.0, 1234.0]),
        ("ds\ty\n1\t987\n2\t1,234\n", [987.0, 1.234], [987.0, 1234.0]),
        ("ds,y\n1,987\n2,1.234\n", [987.0, 1234.0], [987.0, 1.234]),
    ],
)
def test_thousands_that_may_be_decimals_are_asked_about(
    tmp_path: Path, text: str, comma: list[float], point: list[float]
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    open_question = read_table(path)
    open_question.require_numbers(["ds"])
    with pytest.raises(
        DataError, match=r"column 'y' of .* may be 1\.234 or 1234; .*--decimal \. or --decimal ,"
    ):
        open_question.require_numbers(["y"])
    for sign, expected in ((",", comma), (".", point)):
        table = read_table(path, decimal=sign)
        table.require_numbers(["y"])
        assert table.frame["y"].to_list() == expected


def test_numbers_that_all_have_a_point_and_three_decimals_are_no_question(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("ds,y\n1,1.234\n2,12.500\n")
    table = read_table(path)
    table.require_numbers(["y"])
    assert table.frame["y"].to_list() == [1.234, 12.5]


def test_a_pandas_column_of_mixed_types_is_an_error() -> None:
    with pytest.raises(DataError, match="cannot be converted"):
        read_table(pd.DataFrame({"ds": [1, 2], "y": [object(), "a"]}))


def test_a_table_without_rows_is_an_error() -> None:
    with pytest.raises(DataError, match="the table has no rows"):
        read_table(hourly().clear())

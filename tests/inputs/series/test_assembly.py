from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.inputs.series.example import (
    COVARIATE_COLUMNS,
    daily_dates,
    hourly,
    integer_series,
    with_covariates,
)

from recurra.errors import DataError
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.frequency import Frequency
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema


def test_rows_out_of_order_are_told() -> None:
    panel = Panel.build(hourly().reverse())
    assert panel.repairs == ["sorted by time: 91 rows stood after a later one of their series"]
    assert Panel.build(hourly().sort("unique_id", "ds", descending=[True, False])).repairs == []


def test_identical_rows_become_one() -> None:
    frame = hourly()
    panel = Panel.build(pl.concat([frame, frame.head(5), frame.head(2)]))
    assert_frame_equal(panel.to_frame(), Panel.build(frame).to_frame())
    assert "merged 7 rows that repeated a time of their series" in panel.repairs


def test_different_rows_of_one_time_are_averaged_and_counted() -> None:
    frame = pl.DataFrame({"ds": [0, 1, 1, 1, 2, 3, 3], "y": [1.0, 2.0, 4.0, None, 5.0, 7.0, 7.0]})
    panel = Panel.build(frame)
    assert panel.series(0).tolist() == [1, 3, 5, 7]
    assert panel.repairs[1] == (
        "merged 3 rows that repeated a time of their series; "
        "1 time had different targets, which were averaged"
    )


def test_of_different_categories_the_first_in_the_alphabet_stays() -> None:
    frame = pl.DataFrame({"ds": [0, 1, 1, 2, 2], "y": [1.0] * 5, "sky": ["c", "b", "a", None, "c"]})
    panel = Panel.build(frame, Columns(None, "ds", "y", past=("sky",)))
    assert panel.to_frame()["sky"].to_list() == ["c", "a", "c"]


def test_a_forgotten_id_is_an_error_and_not_an_average() -> None:
    frame = hourly({"a": 12, "b": 12}).rename({"unique_id": "shop"})
    told = r"12 of 12 times have several.*tells series apart with --id \(in Python unique_id="
    with pytest.raises(DataError, match=told):
        Panel.build(frame)
    learnt = Panel.build(frame.filter(pl.col("shop") == "a")).schema
    with pytest.raises(DataError, match=r"Give rows as in training, where the column .* was none"):
        Panel.build(frame, schema=learnt)


def test_numbers_are_read_with_the_decimal_sign_of_training(tmp_path: Path) -> None:
    trained, later = tmp_path / "trained.csv", tmp_path / "later.csv"
    trained.write_text("ds;y\n1;1.234,5\n2;987\n")
    later.write_text("ds;y\n1;987\n2;1.234\n")
    schema = Panel.read(trained).schema
    assert schema.decimal == ","
    for known in (schema, PanelSchema.from_dict(schema.to_dict())):
        assert Panel.build(later, schema=known).target.tolist() == [987.0, 1234.0]
    assert Panel.build(later, schema=schema, decimal=".").target.tolist() == [987.0, 1.234]
    with pytest.raises(DataError, match="--decimal"):
        Panel.read(later)
    assert Panel.read(later, decimal=",").schema.decimal == ","


def test_gaps_are_filled_with_missing_values() -> None:
    panel = Panel.build(daily_dates("2024-02-27", "2024-02-28", "2024-03-01", "2024-03-02"))
    np.testing.assert_array_equal(panel.series(0), [0, 1, np.nan, 2, 3])
    assert panel.to_frame()["ds"].to_list()[2] == date(2024, 2, 29)
    assert panel.repairs[-1] == "filled 1 step without a row as missing, on a grid of 1d"


def test_business_days_are_steps_of_their_own_and_told() -> None:
    days = pd.bdate_range("2024-01-01", periods=20).delete(7)  # a holiday
    panel = Panel.build(pd.DataFrame({"y": np.arange(19.0)}, index=days))
    assert (panel.frequency, panel.season_length) == (Frequency(1, "b"), 5)
    assert panel.lengths.tolist() == [20]
    assert np.flatnonzero(np.isnan(panel.series(0))).tolist() == [7]
    assert "no row is on a Saturday or Sunday; frequency=1d" in panel.repairs[1]
    ahead = panel.index_frame(np.zeros(3, dtype=np.int64), np.array([20, 21, 25]))["ds"]
    assert [one.strftime("%a %d") for one in ahead] == ["Mon 29", "Tue 30", "Mon 05"]
    weeks = panel.calendar(np.zeros(6, dtype=np.int64), np.arange(6))[:, :2]
    np.testing.assert_array_equal(weeks[0], weeks[5])
    assert not np.allclose(weeks[0], weeks[1])


def test_a_few_weekend_rows_are_business_days_where_that_is_chosen() -> None:
    days = [*pd.bdate_range("2024-01-01", periods=20), pd.Timestamp("2024-01-13")]
    frame = pd.DataFrame({"ds": days, "y": np.arange(21.0)})
    assert Panel.build(frame).frequency == Frequency(1, "d")
    panel = Panel.build(frame, frequency="B")
    assert panel.lengths.tolist() == [20]
    assert any("moved 1 time" in repair for repair in panel.repairs)


def test_missing_targets_stay_missing_and_ends_are_cut() -> None:
    panel = Panel.build(integer_series(None, None, 1, None, 3, float("nan"), 5, None))
    np.testing.assert_array_equal(panel.series(0), [1, np.nan, 3, np.nan, 5])
    assert panel.times(0).tolist() == [2, 3, 4, 5, 6]
    assert "cut 3 steps without a target at the beginning or end of their series" in panel.repairs
    assert "found 2 rows without a target: missing values" in panel.repairs


def test_rows_after_the_last_target_are_the_known_future() -> None:
    frame = integer_series(1, 2, 3, None, None).with_columns(price=pl.Series([5.0, 6, 7, 8, 9]))
    panel = Panel.build(frame, Columns(None, "ds", "y", future=("price",)))
    assert (panel.lengths.tolist(), panel.extents.tolist()) == ([3], [5])
    assert panel.future[:, 0].tolist() == [5, 6, 7, 8, 9]
    assert "kept 2 steps after the last target of their series: the known future" in panel.repairs
    assert panel.last_origins.position.tolist() == [3]


def test_static_covariates_may_be_a_table_of_their_own() -> None:
    frame = with_covariates()
    static = frame.group_by("unique_id").agg(pl.col("size", "kind").first())
    expected = Panel.build(frame, COVARIATE_COLUMNS)
    panel = Panel.build(frame.drop("size", "kind"), COVARIATE_COLUMNS, static=static.to_pandas())
    assert_frame_equal(panel.to_frame(), expected.to_frame())
    panel = Panel.build(frame, COVARIATE_COLUMNS, static=static.filter(pl.col("unique_id") != "b"))
    assert panel.repairs[-1] == "1 series without a row in the static table: missing values"
    assert np.isnan(panel.static[1]).all()
    assert panel.static_codes[:, 0].tolist() == [1, 0, 2]


def test_static_tables_that_do_not_fit() -> None:
    frame = with_covariates()
    static = frame.group_by("unique_id").agg(pl.col("size", "kind").first())
    with pytest.raises(DataError, match=r"several rows for series 'b'; expected one row for a series"):
        Panel.build(
            frame, COVARIATE_COLUMNS, static=pl.concat([static, static.filter(pl.col("unique_id") == "b")])
        )
    with pytest.raises(DataError, match=r"the static table has no column 'kind'"):
        Panel.build(frame, COVARIATE_COLUMNS, static=static.drop("kind"))


def test_a_static_covariate_that_changes_is_an_error() -> None:
    frame = with_covariates().with_columns(size=pl.int_range(pl.len()) // 50)
    with pytest.raises(DataError, match=r"static column 'size' has several values in 2 series, such as 'b'"):
        Panel.build(frame, COVARIATE_COLUMNS)


def test_series_without_values_are_left_out_and_told() -> None:
    frame = hourly().with_columns(pl.when(pl.col("unique_id") != "b").then("y"))
    panel = Panel.build(frame)
    assert panel.ids == ["a", "ü 7"]
    assert panel.repairs[0] == "left out 1 of 3 series without any target value: b"
    np.testing.assert_array_equal(panel.series(1), 2000 + np.arange(31))
    with pytest.raises(DataError, match=r"no series has a single target value \(a, b, ü 7\)"):
        Panel.build(frame.with_columns(y=pl.lit(None, dtype=pl.Float64)))


def test_times_that_are_slightly_off_move_to_their_step() -> None:
    frame = hourly({"a": 40})
    off = frame.with_columns(
        pl.when(pl.col("y") % 20 == 7).then(pl.col("ds") + timedelta(minutes=11)).otherwise("ds").alias("ds")
    )
    panel = Panel.build(off)
    assert_frame_equal(panel.to_frame(), Panel.build(frame).to_frame())
    assert panel.repairs == ["moved 2 times to the nearest step of 1h"]


def test_an_odd_first_time_does_not_move_the_grid() -> None:
    frame = hourly({"a": 40})
    odd = frame.with_columns(
        pl.when(pl.col("y") == 0).then(pl.col("ds") - timedelta(minutes=7)).otherwise("ds").alias("ds")
    )
    assert_frame_equal(Panel.build(odd).to_frame(), Panel.build(frame).to_frame())


def test_series_keep_grids_of_their_own() -> None:
    late = hourly({"b": 9}).with_columns(pl.col("ds") + timedelta(minutes=30))
    panel = Panel.build(pl.concat([hourly({"a": 7}), late]))
    assert panel.repairs == []
    assert_frame_equal(panel.to_frame(), pl.concat([hourly({"a": 7}), late]))


def test_many_times_off_the_grid_are_an_error_unless_a_frequency_is_given() -> None:
    frame = hourly({"a": 40}).with_columns(
        pl.when(pl.col("y") % 4 == 1).then(pl.col("ds") + timedelta(minutes=11)).otherwise("ds").alias("ds")
    )
    with pytest.raises(DataError, match=r"10 of 40 times lie off the grid of 1h|irregular"):
        Panel.build(frame)
    panel = Panel.build(frame, frequency="1h")
    np.testing.assert_array_equal(panel.series(0), np.arange(40))
    assert panel.schema.resampled


def test_a_given_frequency_resamples_by_means() -> None:
    random = np.random.default_rng(1)
    seconds = np.sort(random.integers(0, 3600 * 5, size=200))
    frame = pl.DataFrame({"ds": seconds * 1_000_000, "y": np.ones(200)}).cast({"ds": pl.Datetime("us")})
    panel = Panel.build(frame, frequency="1h")
    assert panel.lengths[0] in (5, 6)
    assert set(panel.series(0).tolist()) == {1.0}
    assert panel.to_frame()["ds"].dt.minute().unique().to_list() == [0]


@pytest.mark.parametrize("column", ["y", "temperature", "price", "size"])
def test_infinite_values_are_an_error_wherever_they_are(column: str) -> None:
    frame = with_covariates().with_columns(
        pl.when(pl.col("unique_id") == "b").then(float("inf")).otherwise(column).alias(column)
    )
    with pytest.raises(DataError, match=rf"column '{column}' has \d+ infinite values"):
        Panel.build(frame, COVARIATE_COLUMNS)


@pytest.mark.parametrize("kind", [pl.Int64, pl.UInt8, pl.Boolean, pl.Float32, pl.Decimal(10, 2)])
def test_targets_of_every_numeric_type(kind: pl.DataType) -> None:
    frame = integer_series(0, 1, 1, 0, 1).cast({"y": kind})
    assert Panel.build(frame).series(0).tolist() == [0, 1, 1, 0, 1]


def test_a_target_of_text_is_an_error() -> None:
    with pytest.raises(DataError, match=r"column 'y' holds 'low' in row 2; expected numbers"):
        Panel.build(pl.DataFrame({"ds": [1, 2], "y": ["1", "low"]}))


def test_missing_ids_are_an_error() -> None:
    frame = hourly().with_columns(pl.when(pl.int_range(pl.len()) > 6).then("unique_id").alias("unique_id"))
    with pytest.raises(DataError, match=r"column 'unique_id' is empty in 7 rows, first in row 1"):
        Panel.build(frame)


@pytest.mark.parametrize(
    ("ids", "kind"),
    [([11, 2, 100], pl.Int64), (["ß", "a", "Z"], pl.Categorical), ([True, False], pl.Boolean)],
    ids=str,
)
def test_ids_of_every_type_come_back(ids: list[object], kind: pl.DataType) -> None:
    column = pl.Series("unique_id", ids, dtype=kind)
    frame = column.to_frame().join(pl.DataFrame({"ds": [1, 2, 3]}), how="cross").with_columns(y=pl.lit(1.5))
    panel = Panel.build(frame)
    assert sorted(panel.ids) == sorted(map(str, column.cast(pl.String) if kind == pl.Categorical else ids))
    assert panel.to_frame().height == frame.height
    if kind == pl.Int64:
        assert panel.to_frame()["unique_id"].unique(maintain_order=True).to_list() == [2, 11, 100]


def test_one_row_tells_no_frequency() -> None:
    with pytest.raises(DataError, match=r"single time.*Add frequency="):
        Panel.build(integer_series(5))
    assert Panel.build(integer_series(5), frequency="1 integer").series(0).tolist() == [5]


def test_a_mistaken_date_does_not_fill_the_memory() -> None:
    frame = hourly({"a": 50})
    wrong = frame.with_columns(
        pl.when(pl.col("y") == 49).then(datetime(9024, 1, 1)).otherwise("ds").alias("ds")
    )
    with pytest.raises(DataError, match=r"series a alone has 50 rows over 6.* steps.*mistaken date"):
        Panel.build(wrong)


def test_a_frequency_of_the_wrong_kind() -> None:
    with pytest.raises(DataError, match="frequency 1h for integer times"):
        Panel.build(integer_series(1, 2), frequency="1h")
    with pytest.raises(DataError, match=r"frequency 3 .* for datetime times"):
        Panel.build(hourly(), frequency="3 integer")

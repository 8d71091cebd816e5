import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.data.example import (
    COVARIATE_COLUMNS,
    LENGTHS,
    daily_dates,
    hourly,
    integer_series,
    with_covariates,
)

from recurra.data.columns import Columns
from recurra.data.frequency import Frequency
from recurra.data.panel import Panel
from recurra.errors import ConfigError, DataError


def test_series_times_and_lengths() -> None:
    panel = Panel.build(hourly())
    assert panel.ids == ["a", "b", "ü 7"]
    assert panel.lengths.tolist() == [23, 40, 31] == panel.extents.tolist()
    assert len(panel) == 3
    assert panel.repairs == []
    assert (panel.frequency, panel.season_length) == (Frequency(1, "h"), 24)
    np.testing.assert_array_equal(panel.series(1), 1000 + np.arange(40))
    first = int(datetime(2024, 2, 27, 5, tzinfo=UTC).timestamp()) * 1_000_000
    np.testing.assert_array_equal(panel.times(2), first + 3_600_000_000 * np.arange(31))
    np.testing.assert_array_equal(panel.time, np.concatenate([panel.times(index) for index in range(3)]))


def test_a_regular_table_comes_back_as_it_was() -> None:
    frame = hourly()
    back = Panel.build(frame).to_frame()
    assert_frame_equal(back, frame.cast({"y": pl.Float32}))


def test_a_regular_table_with_covariates_comes_back_as_it_was() -> None:
    frame = with_covariates()
    panel = Panel.build(frame, COVARIATE_COLUMNS)
    numbers = dict.fromkeys(("y", "temperature", "price", "size"), pl.Float32)
    expected = frame.cast({**numbers, "holiday": pl.String}).select(COVARIATE_COLUMNS.names)
    assert_frame_equal(panel.to_frame(), expected, check_column_order=False)
    assert panel.schema.numeric("past") == ("temperature",)
    assert panel.schema.categorical("past") == ("sky",)
    assert panel.schema.category_counts("future") == (3,)
    assert panel.schema.vocabularies["sky"] == ("clear", "rain")
    assert (panel.extents - panel.lengths).tolist() == [6, 6, 6]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), known_future=st.booleans())
def test_the_order_of_the_rows_does_not_matter(seed: int, known_future: bool) -> None:
    frame = with_covariates()
    frame = pl.concat([frame, frame.sample(17, seed=3).with_columns(pl.col("y", "price") + 0.7)])
    columns = COVARIATE_COLUMNS if known_future else Columns("unique_id", "ds", "y", past=("sky",))
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    assert_frame_equal(Panel.build(shuffled, columns).to_frame(), Panel.build(frame, columns).to_frame())


def test_frames_of_every_library_and_files_give_the_same_panel(tmp_path: object) -> None:
    frame = with_covariates()
    expected = Panel.build(frame, COVARIATE_COLUMNS).to_frame()
    path = f"{tmp_path}/table.csv"
    frame.write_csv(path)
    for source in (frame.lazy(), frame.to_pandas(), frame.to_arrow(), path):
        panel = Panel.build(source, COVARIATE_COLUMNS)
        assert_frame_equal(panel.to_frame(), expected)
    assert isinstance(
        Panel.build(frame.to_pandas(), COVARIATE_COLUMNS).table.give_back(expected), pd.DataFrame
    )


def test_read_finds_and_reads_only_what_it_needs(tmp_path: object) -> None:
    path = f"{tmp_path}/table.parquet"
    with_covariates().rename({"ds": "hour", "y": "sales"}).write_parquet(path)
    panel = Panel.read(path, target="sales", future=["price"], categorical=["price"])
    assert panel.columns == Columns("unique_id", "hour", "sales", future=("price",), categorical=("price",))
    assert panel.repairs[0] == "time is column 'hour', the only one that holds dates"
    assert panel.table.frame.columns == ["unique_id", "hour", "sales", "price"]
    assert panel.schema.category_counts("future") == (8,)


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
    with pytest.raises(DataError, match=r"12 of 12 times have several.*tells series apart with unique_id="):
        Panel.build(frame)


def test_gaps_are_filled_with_missing_values() -> None:
    panel = Panel.build(daily_dates("2024-02-27", "2024-02-28", "2024-03-01", "2024-03-02"))
    np.testing.assert_array_equal(panel.series(0), [0, 1, np.nan, 2, 3])
    assert panel.to_frame()["ds"].to_list()[2] == date(2024, 2, 29)
    assert panel.repairs[-1] == "filled 1 step without a row as missing, on a grid of 1d"


def test_business_days_are_days_with_gaps_and_told() -> None:
    days = pd.bdate_range("2024-01-01", periods=20)
    panel = Panel.build(pd.DataFrame({"y": np.arange(20.0)}, index=days))
    assert panel.frequency == Frequency(1, "d")
    assert panel.lengths.tolist() == [26]
    assert panel.repairs[-1].endswith("no row is on a Saturday or Sunday")


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


def test_the_future_may_be_a_table_of_its_own() -> None:
    whole = with_covariates()
    past, future = whole.filter(pl.col("y").is_not_null()), whole.filter(pl.col("y").is_null())
    expected = Panel.build(whole, COVARIATE_COLUMNS).to_frame()
    for table in (
        future,
        future.drop("y", "temperature", "sky"),
        future.with_columns(pl.lit(1e9).alias("y")),
    ):
        panel = Panel.build(past, COVARIATE_COLUMNS, future=table.drop("size", "kind"))
        assert_frame_equal(panel.to_frame(), expected)


def test_a_future_that_does_not_fit() -> None:
    past = with_covariates(ahead=0)
    future = with_covariates().filter(pl.col("y").is_null())
    with pytest.raises(DataError, match=r"table of the future has no column 'price'"):
        Panel.build(past, COVARIATE_COLUMNS, future=future.drop("price"))
    with pytest.raises(DataError, match=r"table of the future does not fit"):
        Panel.build(past, COVARIATE_COLUMNS, future=future.with_columns(price=pl.lit("cheap")))


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
    assert_frame_equal(panel.to_frame(), pl.concat([hourly({"a": 7}), late]).cast({"y": pl.Float32}))


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
    with pytest.raises(DataError, match=r"column 'y' has type String \(such as 'low'\); expected numbers"):
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
    with pytest.raises(DataError, match=r"single time.*Pass frequency="):
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


def test_season_length_is_the_frequencys_or_ones_own() -> None:
    assert Panel.build(integer_series(1, 2, 3)).season_length == 1
    assert Panel.build(integer_series(1, 2, 3), season_length=5).season_length == 5
    with pytest.raises(ConfigError, match="season_length is 0"):
        Panel.build(integer_series(1, 2, 3), season_length=0)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_hours_are_without_gaps_over_changes_of_the_clock(zone: str) -> None:
    utc = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 12, 31), "1h", time_zone="UTC", eager=True)
    frame = pl.DataFrame({"ds": utc.dt.convert_time_zone(zone), "y": np.arange(len(utc)) * 1.0})
    panel = Panel.build(frame)
    assert panel.repairs == ["no column 'unique_id': all rows are one series"]
    assert panel.frequency == Frequency(1, "h")
    assert_frame_equal(panel.to_frame().select("ds"), frame.select("ds"))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo"])
@pytest.mark.parametrize("every", ["1d", "1w", "1mo"])
def test_days_and_longer_begin_at_midnight_all_year(zone: str, every: str) -> None:
    wall = pl.datetime_range(datetime(2017, 1, 2), datetime(2018, 12, 30), every, eager=True)
    local = wall.dt.replace_time_zone(zone, non_existent="null", ambiguous="earliest").drop_nulls()
    panel = Panel.build(pl.DataFrame({"ds": local, "y": np.arange(len(local)) * 1.0}))
    assert panel.frequency.unit == every[1:]
    back = panel.to_frame()
    given = back.filter(pl.col("ds").is_in(local.implode()))
    assert given["y"].to_list() == list(range(len(local)))
    assert back.height - len(local) == len(wall) - len(local)


def test_month_ends_stay_month_ends_beyond_the_data() -> None:
    ends = pd.date_range("2023-09-30", periods=8, freq="ME").date
    panel = Panel.build(pl.DataFrame({"ds": list(ends), "y": np.arange(8.0)}))
    assert panel.frequency == Frequency(1, "mo", 31)
    ahead = panel.index_frame(np.zeros(3, dtype=np.int64), np.array([8, 9, 17]))
    assert ahead["ds"].to_list() == [date(2024, 5, 31), date(2024, 6, 30), date(2025, 2, 28)]
    assert ahead.columns == ["unique_id", "ds"]


def test_times_before_and_after_the_rows() -> None:
    panel = Panel.build(hourly())
    times = panel.step_times(np.array([[0], [2]]), np.array([-2, 50]))
    np.testing.assert_array_equal(times, panel.times(0)[0] + 3_600_000_000 * np.array([[-2, 50]] * 2))


def test_a_hundred_thousand_short_series_are_quick() -> None:
    count = 100_000
    frame = pl.DataFrame(
        {
            "unique_id": np.repeat(np.arange(count), 3).astype(str),
            "ds": np.tile(
                np.array(["2024-01-01", "2024-01-02", "2024-01-04"], dtype="datetime64[us]"), count
            ),
            "y": np.arange(3.0 * count),
        }
    )
    began = time.perf_counter()
    panel = Panel.build(frame)
    assert time.perf_counter() - began < 5
    assert panel.lengths.tolist() == [4] * count
    assert np.isnan(panel.target).sum() == count


def test_ids_in_unicode_and_lengths_of_one() -> None:
    panel = Panel.build(hourly({"日本": 5, "": 1, "a\nb": 3}))
    assert panel.ids == ["", "a\nb", "日本"]
    assert panel.lengths.tolist() == [1, 3, 5]
    assert set(LENGTHS) == set(Panel.build(hourly()).ids)


def test_calendar_follows_the_wall() -> None:
    zone = ZoneInfo("Europe/Berlin")
    hours = [datetime(2024, 3, 31, tzinfo=zone).astimezone(UTC) + timedelta(hours=step) for step in range(30)]
    local = pl.Series("ds", hours).dt.convert_time_zone("Europe/Berlin")
    panel = Panel.build(pl.DataFrame({"ds": local, "y": np.arange(30.0)}))
    assert panel.schema.cycles == ("day",)
    features = panel.calendar(np.zeros(30, dtype=np.int64), np.arange(30))
    angle = 2 * np.pi * local.dt.hour().to_numpy() / 24
    np.testing.assert_allclose(features, np.stack([np.sin(angle), np.cos(angle)], axis=1), atol=1e-6)

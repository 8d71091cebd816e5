import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.inputs.series.example import (
    COVARIATE_COLUMNS,
    LENGTHS,
    hourly,
    integer_series,
    with_covariates,
)

from recurra.data.decimal import Decimals
from recurra.data.reader import read_file
from recurra.errors import ConfigError, DataError, RecurraError
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.frequency import Frequency
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema


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
    assert_frame_equal(back, frame)


def test_a_regular_table_with_covariates_comes_back_as_it_was() -> None:
    frame = with_covariates()
    panel = Panel.build(frame, COVARIATE_COLUMNS)
    numbers = dict.fromkeys(("temperature", "price", "size"), pl.Float32)
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


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_read_reads_only_what_it_needs(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, path = with_covariates(), tmp_path / f"table.{ending}"
    {"parquet": frame.write_parquet, "csv": frame.write_csv, "jsonl": frame.write_ndjson}[ending](path)
    read: list[tuple[list[str], int]] = []

    def spy(place: Path, columns: Sequence[str] | None, rows: int | None, decimals: Decimals) -> pl.DataFrame:
        found = read_file(place, columns, rows, decimals)
        if rows is None:
            read.append((found.columns, found.height))
        return found

    monkeypatch.setattr("recurra.data.table.read_file", spy)
    panel = Panel.read(path, future=["price"])
    assert read == [(["unique_id", "ds", "y", "price"], frame.height)]
    expected = Panel.build(frame, Columns("unique_id", "ds", "y", future=("price",)))
    assert_frame_equal(panel.to_frame(), expected.to_frame())


def test_read_finds_columns_by_what_all_rows_hold(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    frame = with_covariates().drop("temperature", "size").rename({"ds": "hour", "y": "sales"})
    frame.write_csv(path)
    for source in (path, str(path), frame, frame.to_pandas()):
        panel = Panel.read(source, future=["price"], categorical=["price"])
        roles = Columns("unique_id", "hour", "sales", future=("price",), categorical=("price",))
        assert panel.columns == roles
        assert panel.repairs[:2] == [
            "time is column 'hour', the only one that holds dates",
            "target is column 'sales', the only numeric one without another role",
        ]
        assert panel.table.frame.columns == ["unique_id", "hour", "sales", "price"]
        assert panel.schema.category_counts("future") == (8,)
    late = pl.int_range(pl.len()) >= 10_500
    rows = pl.DataFrame({"ds": range(11_000), "sales": 1.0}).with_columns(late=pl.when(late).then(2.5))
    rows.write_csv(path)
    with pytest.raises(DataError, match="sales, late are all numeric"):
        Panel.read(path)


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


def test_a_hundred_thousand_short_series_take_ten_times_ten_thousand() -> None:
    def build(count: int) -> tuple[Panel, float]:
        times = np.array(["2024-01-01", "2024-01-02", "2024-01-04"], dtype="datetime64[us]")
        frame = pl.DataFrame(
            {
                "unique_id": np.repeat(np.arange(count), 3).astype(str),
                "ds": np.tile(times, count),
                "y": np.arange(3.0 * count),
            }
        )
        began = time.perf_counter()
        return Panel.build(frame), time.perf_counter() - began

    _, few = build(10_000)
    panel, many = build(100_000)
    assert many < 40 * few
    assert panel.lengths.tolist() == [4] * 100_000
    assert np.isnan(panel.target).sum() == 100_000


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


cells = st.sampled_from([0.0, 1.5, 7.0, None, float("nan"), 1e30, float("inf"), -3.0])


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from("ab"), st.integers(-3, 40), cells, cells, st.sampled_from(["x", "y", None])
        ),
        min_size=1,
        max_size=25,
    ),
    unit=st.sampled_from([None, "h", "d", "mo"]),
    frequency=st.sampled_from([None, "1h", "1d", "ME", "2"]),
)
def test_any_table_gives_a_panel_or_one_of_our_errors(
    rows: list[tuple[object, ...]], unit: str | None, frequency: str | None
) -> None:
    frame = pl.DataFrame(rows, schema=["unique_id", "ds", "y", "price", "sky"], orient="row", strict=False)
    frame = frame.cast({"y": pl.Float64, "price": pl.Float64, "sky": pl.String})
    if unit is not None:
        shift = pl.format("{}" + unit, pl.col("ds"))
        frame = frame.with_columns(pl.lit(datetime(2024, 1, 31)).dt.offset_by(shift).alias("ds"))
    columns = Columns("unique_id", "ds", "y", past=("sky",), future=("price",))
    try:
        panel = Panel.build(frame, columns, frequency=frequency)
    except RecurraError:
        return
    ends = panel.offsets[:-1] + panel.lengths - 1
    assert np.isfinite(panel.target[panel.offsets[:-1]]).all()
    assert np.isfinite(panel.target[ends]).all()
    assert not np.isinf(panel.future).any()
    for number in range(len(panel)):
        assert (np.diff(panel.time[panel.offsets[number] : panel.offsets[number + 1]]) > 0).all()
    again = Panel.build(panel.to_frame(), columns, frequency=panel.frequency)
    assert_frame_equal(
        again.to_frame().select("unique_id", "ds", "y"), panel.to_frame().select("unique_id", "ds", "y")
    )


def test_several_targets_are_series_that_share_the_other_columns() -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 20), eager=True)
    steps = [float(step) for step in range(20)]
    wide = pl.DataFrame({"day": days, "north": steps, "south": [*steps[:19], None], "promo": steps})
    panel = Panel.read(wide, target="north, south", past=("promo",))
    assert panel.ids == ["north", "south"]
    assert panel.lengths.tolist() == [20, 19]
    assert panel.past[20:22, 0].tolist() == [0, 1]
    again = Panel.build(wide.head(10), schema=PanelSchema.from_dict(panel.schema.to_dict()))
    assert again.ids == ["north", "south"]
    assert again.lengths.tolist() == [10, 10]
    with pytest.raises(DataError, match="no column 'soth'"):
        Panel.read(wide, target="north,soth")
    with pytest.raises(DataError, match="2 targets, and column 'promo' that names series"):
        Panel.read(wide, target="north,south", unique_id="promo")
    with pytest.raises(DataError, match="several with commas between"):
        Panel.read(wide)

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.example import daily_dates, hourly, integer_series

from recurra.data.panel import Panel
from recurra.data.split import Split, split_by_size, split_by_time, split_by_windows
from recurra.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Three series of 23, 40 and 31 steps."""
    return Panel.build(hourly())


def parts(split: Split) -> list[list[int]]:
    return [split.train_end.tolist(), split.validation_end.tolist(), split.test_end.tolist()]


def test_windows_are_kept_from_the_end(panel: Panel) -> None:
    split = split_by_windows(panel, 3, validation_windows=2, test_windows=3)
    assert parts(split) == [[8, 25, 16], [14, 31, 22], [23, 40, 31]]
    assert split.repairs == []
    assert split.origins("test", 3, 3).position.tolist() == [14, 17, 20, 31, 34, 37, 22, 25, 28]
    assert split.origins("validation", 3, 3).position.tolist() == [8, 11, 25, 28, 16, 19]


def test_windows_may_overlap(panel: Panel) -> None:
    split = split_by_windows(panel, 5, validation_windows=1, test_windows=4, stride=1)
    assert parts(split) == [[10, 27, 18], [15, 32, 23], [23, 40, 31]]
    assert len(split.origins("test", 5).series) == 12


def test_parts_may_be_empty(panel: Panel) -> None:
    split = split_by_windows(panel, 5, validation_windows=0, test_windows=0)
    assert parts(split) == [[23, 40, 31]] * 3
    assert len(split.origins("test", 5).series) == len(split.origins("validation", 5).series) == 0


def test_sizes_are_steps_or_shares(panel: Panel) -> None:
    assert parts(split_by_size(panel, 3, validation=4, test=5)) == [[14, 31, 22], [18, 35, 26], [23, 40, 31]]
    assert parts(split_by_size(panel, 3, validation=0.25, test=0.5)) == [
        [7, 10, 9],
        [12, 20, 16],
        [23, 40, 31],
    ]
    assert parts(split_by_size(panel, 3, validation=0, test=0.01)) == [
        [20, 37, 28],
        [20, 37, 28],
        [23, 40, 31],
    ]


def test_dates_cut_all_series_at_once(panel: Panel) -> None:
    split = split_by_time(
        panel, 2, validation_start="2024-02-27 15:00", test_start=datetime(2024, 2, 27, 18, 30)
    )
    assert parts(split) == [[10, 10, 10], [14, 14, 14], [23, 40, 31]]
    split = split_by_time(
        panel, 2, validation_start="2024-02-28", test_start="2024-02-28", test_end="2024-02-28 03:00"
    )
    assert parts(split) == [[19, 19, 19], [19, 19, 19], [22, 22, 22]]


@settings(max_examples=30)
@given(step=st.integers(0, 30), offset=st.sampled_from(["1d", "1w", "1mo", "1q"]))
def test_a_date_cuts_before_the_first_step_that_is_not_earlier(step: int, offset: str) -> None:
    days = pl.date_range(date(2023, 1, 31), date(2033, 1, 31), offset, eager=True)[:24]
    panel = Panel.build(pl.DataFrame({"ds": days, "y": np.arange(24.0)}))
    cut = days[min(step, 23)]
    split = (
        split_by_time(panel, 1, validation_start=days[3], test_start=cut, min_history=1)
        if step >= 3
        else None
    )
    if split is not None:
        assert split.validation_end[0] == int((panel.to_frame()["ds"] < cut).sum())


def test_dates_without_a_zone_are_on_the_panels_clock() -> None:
    frame = hourly().with_columns(pl.col("ds").dt.replace_time_zone("Asia/Tokyo"))
    panel = Panel.build(frame)
    naive = split_by_time(panel, 2, validation_start="2024-02-27 15:00", test_start="2024-02-27 18:00")
    zoned = split_by_time(panel, 2, validation_start="2024-02-27T06:00Z", test_start="2024-02-27T09:00Z")
    assert parts(naive) == parts(zoned) == [[10, 10, 10], [13, 13, 13], [23, 40, 31]]


def test_integer_times_are_cut_at_integers() -> None:
    panel = Panel.build(integer_series(*range(10)))
    split = split_by_time(panel, 1, validation_start=4, test_start=7)
    assert parts(split) == [[4], [7], [10]]
    with pytest.raises(
        DataError, match=r"a split at '2024-01-01'; expected a time like those of column 'ds' .integer"
    ):
        split_by_time(panel, 1, validation_start="2024-01-01", test_start="2024-01-02")
    with pytest.raises(DataError, match=r"a split at 4; expected a time like .*date"):
        split_by_time(
            Panel.build(daily_dates("2024-01-01", "2024-01-02")), 1, validation_start=4, test_start=7
        )


@settings(max_examples=50)
@given(
    horizon=st.integers(1, 6),
    validation=st.integers(0, 3),
    test=st.integers(0, 3),
    stride=st.integers(1, 4),
)
def test_parts_are_in_order_and_hold_their_windows(
    horizon: int, validation: int, test: int, stride: int
) -> None:
    panel = Panel.build(integer_series(*range(60)))
    split = split_by_windows(panel, horizon, validation_windows=validation, test_windows=test, stride=stride)
    assert 0 < split.train_end[0] <= split.validation_end[0] <= split.test_end[0] == 60
    for part, windows in (("validation", validation), ("test", test)):
        origins = split.origins(part, horizon, stride)
        assert len(origins.position) == windows


def test_short_series_are_left_out_and_told(panel: Panel) -> None:
    split = split_by_windows(panel, 7, validation_windows=1, test_windows=1, min_history=3)
    assert parts(split) == [[0, 26, 17], [0, 33, 24], [0, 40, 31]]
    assert split.repairs == [
        "left out 1 of 3 series shorter than the 24 steps that training, validation and test need: a"
    ]
    assert set(split.origins("test", 7).series.tolist()) == {1, 2}


def test_when_all_are_too_short_it_is_an_error(panel: Panel) -> None:
    with pytest.raises(
        DataError, match=r"all 3 series are too short: the longest, b, has 40 .*at least 61 .*Shorten"
    ):
        split_by_windows(panel, 20)
    with pytest.raises(DataError, match="too short"):
        split_by_time(panel, 3, validation_start="2020-01-01", test_start="2020-02-01")


def test_numbers_that_make_no_split(panel: Panel) -> None:
    for numbers in ({"horizon": 0}, {"stride": 0}, {"min_history": 0}):
        with pytest.raises(ConfigError, match=r"is 0; expected a whole number of at least 1"):
            split_by_windows(panel, **{"horizon": 2, **numbers})
    with pytest.raises(ConfigError, match=r"test_windows is -1; expected a whole number of at least 0"):
        split_by_windows(panel, 2, test_windows=-1)
    for size in (-1, 2, 4.5, -0.1):
        with pytest.raises(ConfigError, match=r"test is .* with horizon 3; expected 0, at least the horizon"):
            split_by_size(panel, 3, validation=0, test=size)
    with pytest.raises(ConfigError, match="validation before test"):
        split_by_time(panel, 3, validation_start="2024-02-28", test_start="2024-02-27 12:00")

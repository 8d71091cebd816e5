from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.data.zone import DAY, HOUR
from recurra.errors import DataError
from recurra.inputs.series.frequency import Frequency, advance, parse_frequency
from recurra.inputs.series.inference import infer_frequency


def micros(*days: str) -> np.ndarray:
    return np.array(days, dtype="datetime64[us]").astype(np.int64)


def pandas_times(start: str, periods: int, offset: str) -> np.ndarray:
    return (
        pd.date_range(start, periods=periods, freq=offset)
        .to_numpy()
        .astype("datetime64[us]")
        .astype(np.int64)
    )


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ("h", Frequency(1, "h")),
        ("15min", Frequency(15, "min")),
        ("90min", Frequency(90, "min")),
        ("D", Frequency(1, "d")),
        ("B", Frequency(1, "b")),
        ("W-TUE", Frequency(1, "w")),
        ("2W", Frequency(2, "w")),
        ("28D", Frequency(4, "w")),
        ("MS", Frequency(1, "mo", 1)),
        ("ME", Frequency(1, "mo", 31)),
        ("BME", Frequency(1, "mo", 1)),
        ("QS", Frequency(1, "q", 1)),
        ("QE", Frequency(1, "q", 31)),
        ("YS", Frequency(1, "y", 1)),
        ("YE", Frequency(1, "y", 31)),
        ("2YS", Frequency(2, "y", 1)),
        ("2MS", Frequency(2, "mo", 1)),
        ("s", Frequency(1, "s")),
        ("250ms", Frequency(250, "ms")),
    ],
)
def test_what_pandas_counts_is_recognised(offset: str, expected: Frequency) -> None:
    assert infer_frequency(pandas_times("2019-11-03", 40, offset)) == expected


def test_months_on_other_days() -> None:
    assert infer_frequency(micros("2023-01-15", "2023-02-15", "2023-03-15")) == Frequency(1, "mo", 15)
    thirtieth = micros("2023-01-30", "2023-02-28", "2023-03-30", "2023-04-30")
    assert infer_frequency(thirtieth) == Frequency(1, "mo", 30)


@given(
    text=st.sampled_from(["1h", "15min", "1d", "1w", "MS", "ME", "QS", "YS", "250ms"]),
    start=st.integers(-10_000, 20_000),
    size=st.integers(12, 60),
    data=st.data(),
)
def test_a_fifth_of_the_rows_may_be_missing(text: str, start: int, size: int, data: st.DataObject) -> None:
    frequency = parse_frequency(text)
    times = advance(advance(np.array([start * DAY]), np.array([0]), frequency), np.arange(size), frequency)
    gaps = data.draw(st.sets(st.integers(0, size - 1), max_size=size // 5))
    found = infer_frequency(np.delete(times, sorted(gaps)))
    assert (found.step, found.unit) == (frequency.step, frequency.unit)


def test_integers() -> None:
    assert infer_frequency(np.array([0, 10, 20, 40]), integer=True) == Frequency(10, "integer")


def test_days_are_local_days_over_changes_of_the_clock() -> None:
    zone = ZoneInfo("Europe/Berlin")
    days = [datetime(2024, 3, 29, tzinfo=zone) + timedelta(days=step) for step in range(5)]
    times = np.array([int(day.astimezone(UTC).timestamp()) * 1_000_000 for day in days])
    assert infer_frequency(times, zone="Europe/Berlin") == Frequency(1, "d")
    hours = np.arange(48) * HOUR + times[1]
    assert infer_frequency(hours, zone="Europe/Berlin") == Frequency(1, "h")


def test_several_series_vote() -> None:
    times = np.concatenate([np.arange(9) * HOUR, [0, 7 * HOUR], [5]])
    series = np.repeat([0, 1, 2], [9, 2, 1])
    assert infer_frequency(times, series) == Frequency(1, "h")


def test_series_of_different_frequencies_are_an_error() -> None:
    times = np.concatenate([np.arange(9) * HOUR, np.arange(5) * DAY])
    with pytest.raises(DataError, match=r"most have 1h, 1 have another, such as 1d; expected one frequency"):
        infer_frequency(times, np.repeat([0, 1], [9, 5]))


def test_irregular_times_are_an_error() -> None:
    times = np.cumsum(np.random.default_rng(0).integers(1, 10**9, size=50))
    with pytest.raises(DataError, match=r"times are irregular: the most common step.*Add frequency="):
        infer_frequency(times)


@pytest.mark.parametrize("series", [[0, 1, 2], [0, 0, 0]])
def test_single_times_say_nothing(series: list[int]) -> None:
    with pytest.raises(DataError, match=r"single time.*at least two different times"):
        infer_frequency(np.array([5, 5, 5]), np.array(series))

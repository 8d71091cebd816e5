import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.data.zone import DAY, HOUR
from recurra.errors import ConfigError
from recurra.inputs.series.frequency import Frequency, advance, parse_frequency


def micros(*days: str) -> np.ndarray:
    return np.array(days, dtype="datetime64[us]").astype(np.int64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h", Frequency(1, "h")),
        ("H", Frequency(1, "h")),
        ("h", Frequency(1, "h")),
        ("15min", Frequency(15, "min")),
        ("5T", Frequency(5, "min")),
        ("30 s", Frequency(30, "s")),
        ("250ms", Frequency(250, "ms")),
        ("D", Frequency(1, "d")),
        ("7 days", Frequency(7, "d")),
        ("W", Frequency(1, "w")),
        ("W-SUN", Frequency(1, "w")),
        ("weeks", Frequency(1, "w")),
        ("1mo", Frequency(1, "mo")),
        ("MS", Frequency(1, "mo", 1)),
        ("M", Frequency(1, "mo", 31)),
        ("ME", Frequency(1, "mo", 31)),
        ("QS", Frequency(1, "q", 1)),
        ("QE-DEC", Frequency(1, "q", 31)),
        ("q", Frequency(1, "q")),
        ("2y", Frequency(2, "y")),
        ("YE", Frequency(1, "y", 31)),
        ("10", Frequency(10, "integer")),
        ("1 integer", Frequency(1, "integer")),
    ],
)
def test_spellings(text: str, expected: Frequency) -> None:
    assert parse_frequency(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 fortnight", "expected a number and a unit"),
        ("5 minuts", "mean 'min'"),
        ("", "expected a number and a unit"),
        ("0h", "at least 1"),
        ("9" * 30 + "s", "as times allow"),
        ("2B", "Write 'b'"),
        ("-1h", "expected a number"),
    ],
)
def test_what_is_no_frequency(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_frequency(text)


@pytest.mark.parametrize(
    ("text", "season", "lags"),
    [
        ("1h", 24, (24, 168)),
        ("2h", 12, (12, 84)),
        ("5h", 1, ()),
        ("1d", 7, (7, 28, 364)),
        ("1w", 52, (52,)),
        ("2w", 26, (26,)),
        ("1mo", 12, (12,)),
        ("2mo", 6, (6,)),
        ("5mo", 1, ()),
        ("1q", 4, (4,)),
        ("1y", 1, ()),
        ("15min", 96, (96, 672)),
        ("1min", 60, (60, 1440, 10080)),
        ("5min", 288, (288, 2016)),
        ("1s", 60, (60, 3600)),
        ("100ms", 10, (10, 600)),
        ("1 integer", 1, ()),
    ],
)
def test_seasons_and_lags(text: str, season: int, lags: tuple[int, ...]) -> None:
    frequency = parse_frequency(text)
    assert frequency.season_length == season
    assert frequency.seasonal_lags == lags


@pytest.mark.parametrize("text", ["1h", "15min", "3 d", "1w", "mo", "ME", "QS", "2y", "7 integer"])
def test_a_description_gives_the_same_frequency(text: str) -> None:
    frequency = parse_frequency(text)
    assert Frequency.from_dict(frequency.to_dict()) == frequency


def test_month_ends_over_leap_years() -> None:
    start = micros("2023-12-31")
    result = advance(start, np.array([0, 1, 2, 3, 14]), Frequency(1, "mo", 31))
    np.testing.assert_array_equal(
        result, micros("2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2025-02-28")
    )


def test_a_day_that_a_month_lacks_comes_back_in_the_next() -> None:
    result = advance(micros("2023-01-30T07:00"), np.array([1, 2, 3]), Frequency(1, "mo"))
    np.testing.assert_array_equal(result, micros("2023-02-28T07:00", "2023-03-30T07:00", "2023-04-30T07:00"))


def test_leap_days_in_years() -> None:
    result = advance(micros("2020-02-29"), np.array([-4, 1, 4]), Frequency(1, "y"))
    np.testing.assert_array_equal(result, micros("2016-02-29", "2021-02-28", "2024-02-29"))


@pytest.mark.parametrize("text", ["MS", "ME", "QS", "YE", "QE"])
@given(begin=st.integers(-80, 80), steps=st.integers(0, 60))
def test_pandas_has_the_same_months(text: str, begin: int, steps: int) -> None:
    start = pd.Timestamp("2000-01-01") + pd.offsets.MonthEnd(begin) if text[-1] == "E" else None
    start = pd.date_range(start or pd.Timestamp(2000 + begin // 4, 1, 1), periods=1, freq=text)[0]
    later = pd.date_range(start, periods=steps + 1, freq=text)[-1]
    result = advance(micros(str(start.date())), np.array([steps]), parse_frequency(text))
    np.testing.assert_array_equal(result, micros(str(later.date())))


@given(
    day=st.integers(-200_000, 200_000),
    first=st.integers(-500, 500),
    second=st.integers(-500, 500),
    text=st.sampled_from(["1h", "3d", "1w", "MS", "ME", "QE", "2y", "7 integer"]),
)
def test_steps_add_up(day: int, first: int, second: int, text: str) -> None:
    frequency = parse_frequency(text)
    start = advance(np.array([day]) * DAY, np.array([0]), frequency)
    there = advance(advance(start, np.array([first]), frequency), np.array([second]), frequency)
    np.testing.assert_array_equal(there, advance(start, np.array([first + second]), frequency))


def test_starts_and_steps_broadcast() -> None:
    starts, steps = np.array([[0], [5 * HOUR]]), np.arange(3)
    for text in ("1h", "MS"):
        result = advance(starts, steps, parse_frequency(text))
        assert result.shape == (2, 3)
        for row in range(2):
            np.testing.assert_array_equal(result[row], advance(starts[row], steps, parse_frequency(text)))


def test_units_that_do_not_exist() -> None:
    with pytest.raises(ConfigError, match=r"unit 'hour'; expected one of us, ms, s, min, h"):
        Frequency(1, "hour")


def test_days_that_no_month_has() -> None:
    with pytest.raises(ConfigError, match="a frequency of 1mo on day 32"):
        Frequency(1, "mo", 32)


def test_only_days_and_longer_follow_the_wall() -> None:
    follows = {unit: Frequency(1, unit).follows_wall for unit in ("s", "h", "d", "w", "mo", "y", "integer")}
    assert follows == {"s": False, "h": False, "d": True, "w": True, "mo": True, "y": True, "integer": False}

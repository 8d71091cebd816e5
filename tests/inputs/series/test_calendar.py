from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.data.zone import DAY
from recurra.errors import ConfigError
from recurra.inputs.series.calendar import CYCLES, calendar_cycles, calendar_features
from recurra.inputs.series.frequency import parse_frequency


def phases(moment: datetime) -> dict[str, float]:
    """Where in each cycle a moment lies, by the standard library."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    month = midnight.replace(day=1)
    next_month = (month + timedelta(days=32)).replace(day=1)
    year = month.replace(month=1)
    second = moment.hour * 3600 + moment.minute * 60 + moment.second
    return {
        "minute": second % 60 / 60,
        "hour": second % 3600 / 3600,
        "day": second / 86_400,
        "week": moment.weekday() / 7,
        "month": (moment.day - 1) / (next_month - month).days,
        "year": (midnight - year).days / (year.replace(year=year.year + 1) - year).days,
    }


@given(moment=st.datetimes(datetime(1600, 1, 1), datetime(2500, 1, 1)))
def test_features_are_those_of_the_standard_library(moment: datetime) -> None:
    time = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    features = calendar_features(np.array([time]), CYCLES)[0]
    angles = 2 * np.pi * np.array([phases(moment)[cycle] for cycle in CYCLES])
    np.testing.assert_allclose(
        features, np.stack([np.sin(angles), np.cos(angles)], axis=1).ravel(), atol=1e-6
    )


def test_the_clock_on_the_wall_counts() -> None:
    zone = ZoneInfo("America/New_York")
    for moment in (datetime(2024, 3, 9, 23, tzinfo=zone), datetime(2024, 3, 10, 23, tzinfo=zone)):
        time = np.array([int(moment.astimezone(UTC).timestamp()) * 1_000_000])
        wall = int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000
        np.testing.assert_array_equal(
            calendar_features(time, CYCLES, "America/New_York"), calendar_features(np.array([wall]), CYCLES)
        )


@pytest.mark.parametrize("shape", [(3,), (2, 5), (2, 0), (2, 3, 4)])
@pytest.mark.parametrize("cycles", [(), ("year",), ("day", "week", "month")])
def test_shapes(shape: tuple[int, ...], cycles: tuple[str, ...]) -> None:
    features = calendar_features(np.zeros(shape, dtype=np.int64), cycles)
    assert features.shape == (*shape, 2 * len(cycles))
    assert features.dtype == np.float32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h", ("day", "week", "month", "year")),
        ("1d", ("week", "month", "year")),
        ("1w", ("year",)),
        ("1mo", ("year",)),
        ("1q", ("year",)),
        ("1y", ()),
        ("1 integer", ()),
        ("15min", ("hour", "day", "week", "month", "year")),
        ("1s", ("minute", "hour", "day", "week")),
        ("10ms", ("minute", "hour")),
    ],
)
def test_cycles_follow_the_frequency(text: str, expected: tuple[str, ...]) -> None:
    assert calendar_cycles(parse_frequency(text)) == expected


def test_cycles_that_the_data_do_not_complete_are_left_out() -> None:
    hourly = parse_frequency("1h")
    assert calendar_cycles(hourly, 20 * DAY) == ("day", "week")
    assert calendar_cycles(hourly, 364 * DAY) == ("day", "week", "month")
    assert calendar_cycles(hourly, 365 * DAY) == ("day", "week", "month", "year")


def test_neighbours_are_near_over_every_border() -> None:
    hours = np.arange(0, 400 * DAY, DAY // 24)
    features = calendar_features(hours, ("day", "year"))
    assert np.abs(np.diff(features, axis=0)).max() < 0.3


def test_an_unknown_cycle() -> None:
    with pytest.raises(ConfigError, match=r"cycle 'weak'; expected one of minute.*mean 'week'"):
        calendar_features(np.zeros(1, dtype=np.int64), ("weak",))

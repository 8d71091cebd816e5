from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.data.zone import HOUR, load_zone
from recurra.errors import DataError

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
    "Africa/Casablanca",
]
seconds = st.integers(
    int(datetime(1905, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2036, 1, 1, tzinfo=UTC).timestamp())
)


@pytest.mark.parametrize("name", ZONES)
@given(when=seconds)
def test_wall_times_are_those_of_the_standard_library(name: str, when: int) -> None:
    wall = load_zone(name).wall(np.array([when * 1_000_000]))[0]
    expected = datetime.fromtimestamp(when, ZoneInfo(name)).replace(tzinfo=UTC)
    assert wall == int(expected.timestamp()) * 1_000_000


@pytest.mark.parametrize("name", ZONES)
@given(when=seconds)
def test_back_to_utc_gives_the_same_wall_time_and_the_first_of_two(name: str, when: int) -> None:
    zone = load_zone(name)
    wall = zone.wall(np.array([when * 1_000_000]))
    back = zone.utc(wall)
    assert back[0] <= when * 1_000_000
    np.testing.assert_array_equal(zone.wall(back), wall)


def test_a_skipped_hour_moves_forward() -> None:
    zone = load_zone("Europe/Berlin")
    skipped = int(datetime(2024, 3, 31, 2, 30, tzinfo=UTC).timestamp()) * 1_000_000
    utc = zone.utc(np.array([skipped]))
    assert zone.wall(utc)[0] == skipped + HOUR


def test_an_unknown_zone() -> None:
    with pytest.raises(DataError, match=r"time zone 'Mars/Base' is not known; expected a name of the IANA"):
        load_zone("Mars/Base")

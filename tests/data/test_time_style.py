"""Times come back as they were written."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from recurra.data.timestamp import TimeReading, read_times
from recurra.errors import ConfigError, DataError

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-02-29", "2024-03-01"],
        ["2024/2/9", "2024/2/10"],
        ["2024-02", "2024-03"],
        ["2024Q3", "2024Q4"],
        ["2024-q4", "2025-q1"],
        ["2024-02-29 05:07", "2024-02-29 06:07"],
        ["2024-02-29T05:07:09", "2024-02-29T05:07:10"],
        ["2024-02-29T05:07:09Z", "2024-02-29T05:07:10Z"],
        ["2024-02-29T05:07:09+05:30", "2024-03-01T05:07:09+05:30"],
        ["2024-02-29 05:07:09-0330", "2024-03-01 05:07:09-0330"],
        ["31.12.2020", "01.01.2021"],
        ["12/31/2020", "1/1/2021"],
        ["31/12/20", "01/01/21"],
        ["1/31/2024 5:07 PM", "2/1/2024 12:00 AM"],
        ["28 Feb 2024", "01 Mar 2024"],
        ["February 28, 2024", "March 1, 2024"],
    ],
    ids=lambda texts: texts[0],
)
def test_text_comes_back_in_its_style(texts: list[str]) -> None:
    times, kind, notes = read_times(pl.Series("ds", texts))
    assert kind.written(times, "ds").to_list() == texts
    assert type(kind).from_dict(kind.to_dict()) == kind
    assert notes == ()


@pytest.mark.parametrize(("unit", "size"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_numbers_since_1970_are_told_and_come_back(unit: str, size: int) -> None:
    values = [1_704_067_200 * size, 1_704_070_800 * size]
    times, kind, notes = read_times(pl.Series("ds", values))
    if unit == "ns":
        assert values[0] > 2**60  # which plain numbers may not be
    assert kind.column(times, "ds").to_list() == [datetime(2024, 1, 1), datetime(2024, 1, 1, 1)]
    assert kind.written(times, "ds").to_list() == values
    assert len(notes) == 1
    assert "seconds since 1970" in notes[0]
    plain = TimeReading("integer")
    if unit != "ns":
        assert read_times(pl.Series("ds", values), plain).times.tolist() == values


def test_days_as_numbers_are_told_and_come_back() -> None:
    times, kind, notes = read_times(pl.Series("ds", [20240131, 20240201]))
    assert times[1] - times[0] == 86_400_000_000
    assert kind.written(times, "ds").to_list() == [20240131, 20240201]
    assert "days such as 20240131" in notes[0]
    assert read_times(pl.Series("ds", [20240131, 20240132])).type.kind == "integer"


def test_changing_offsets_are_those_of_a_zone_or_come_back_in_utc() -> None:
    moments = [datetime(2024, month, 15, tzinfo=BERLIN).isoformat() for month in (1, 4, 7, 11)]
    times, kind, notes = read_times(pl.Series("ds", moments))
    assert kind.zone == "Europe/Berlin"
    assert "Europe/Berlin" in notes[0]
    assert kind.written(times, "ds").to_list() == moments
    athens = TimeReading(zone="Europe/Athens")
    odd = pl.Series("ds", ["2024-01-01T00:00:00+03:00", "2024-01-02T00:00:00+01:00"])
    times, kind, notes = read_times(odd, athens)
    assert kind.written(times, "ds").to_list() == ["2023-12-31T21:00:00Z", "2024-01-01T23:00:00Z"]
    assert "UTC" in notes[0]


def test_a_known_zone_goes_before_a_constant_offset() -> None:
    known = read_times(pl.Series("ds", ["2024-01-15T00:00:00+01:00", "2024-07-15T00:00:00+02:00"])).type
    winter = read_times(pl.Series("ds", ["2024-01-15T00:00:00+01:00"]), TimeReading(known=known))
    summer = winter.times + int(timedelta(days=182).total_seconds() * 1e6)
    assert winter.type.written(summer, "ds").to_list() == ["2024-07-15T01:00:00+02:00"]


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "text"])
def test_times_without_a_zone_are_those_of_the_clock_of_one(typed: bool) -> None:
    column = pl.Series("ds", ["2024-07-01 12:00", "2024-07-01 13:00"])
    column = column.str.to_datetime() if typed else column
    times, kind, _ = read_times(column, TimeReading(zone="Europe/Berlin"))
    assert datetime.fromtimestamp(times[0] / 1e6, UTC).hour == 10
    assert kind.written(times, "ds").to_list() == column.to_list()


def test_a_format_decides_and_is_held_to() -> None:
    column = pl.Series("ds", ["01/02/2024", "02/02/2024"])
    for pattern, month in (("%d/%m/%Y", 2), ("%m/%d/%Y", 1)):
        times, kind, _ = read_times(column, TimeReading(pattern))
        assert kind.column(times, "ds")[0].month == month
    with pytest.raises(DataError, match=r"--time-format '%d/%m/%Y' or --time-format '%m/%d/%Y'"):
        read_times(column)
    with pytest.raises(DataError, match=r"'02/13/2024' in row 2; expected times written as '%d/%m/%Y'"):
        read_times(pl.Series("ds", ["01/02/2024", "02/13/2024"]), TimeReading("%d/%m/%Y"))
    with pytest.raises(ConfigError, match="time_format is 'day first'"):
        TimeReading("day first")
    with pytest.raises(ConfigError, match="Mars/Base"):
        TimeReading(zone="Mars/Base")


def test_an_earlier_table_decides_what_a_short_one_leaves_open() -> None:
    known = read_times(pl.Series("ds", ["01/02/2024", "13/02/2024"])).type
    later = read_times(pl.Series("ds", ["02/03/2024"]), TimeReading(known=known))
    assert later.type.column(later.times, "ds")[0].month == 3


def test_an_epoch_outside_this_century_needs_its_format() -> None:
    column = pl.Series("ds", [0, 3600])
    assert read_times(column).type.kind == "integer"
    times, kind, notes = read_times(column, TimeReading("epoch_s"))
    assert kind.column(times, "ds").to_list() == [datetime(1970, 1, 1), datetime(1970, 1, 1, 1)]
    assert notes == ()

"""Times of live rows: read as a table's are, set on the grid, and written as they came."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from recurra.data.timestamp import TimeType, read_times
from recurra.errors import DataError
from recurra.inputs.series.clock import Clock, Style
from recurra.inputs.series.frequency import parse_frequency
from recurra.inputs.series.grid import Grid


def clock(
    frequency: str = "1d", kind: Any = "date", zone: str | None = None, *, moves: bool = False
) -> Clock:
    return Clock("ds", Grid(parse_frequency(frequency), zone), kind, moves, longest_gap=5)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01",
        "2024/3/1",
        "2024-03",
        "2024Q2",
        "2024-03-01 14:00",
        "2024-03-01T14:00:05",
        "2024-03-01 14:00:05.250",
        "31.12.2020",
        "31/12/2020 23:59",
        "12/31/2020",
        " 2024-03-01 ",
    ],
)
def test_times_are_read_as_those_of_a_table(text: str) -> None:
    times = read_times(pl.Series("ds", [text])).times
    assert clock().read(text).time == times[0]


@pytest.mark.parametrize("text", ["2024-03-31T01:30:00Z", "2024-03-31 03:30+02:00"])
def test_times_with_an_offset_are_read_as_those_of_a_table(text: str) -> None:
    times, kind, *_ = read_times(pl.Series("ds", [text]))
    assert kind.zone in ("UTC", "+02:00")
    assert clock("1h", "datetime", "Europe/Berlin").read(text).time == times[0]
    wall = clock("1d", "datetime", "Europe/Berlin").read(text).time
    assert wall == times[0] + (2 * 3_600_000_000)


def test_dates_and_whole_numbers_are_times_too() -> None:
    assert clock().read(dt.date(2024, 3, 1)) == clock().read("2024-03-01")._replace(given=dt.date(2024, 3, 1))
    when = dt.datetime(2024, 3, 1, 14)
    assert clock().read(when).time == clock().read("2024-03-01 14:00").time
    whole = clock("1", "integer")
    assert [whole.read(given).time for given in (7, "7", 7.0)] == [7, 7, 7]


@pytest.mark.parametrize(
    ("one", "given", "message"),
    [
        *(
            (clock(), given, "a time such as")
            for given in ("yesterday", "", None, 5, 1.5, True, "2024-13-01")
        ),
        *(
            (clock(), given, "a time such as")
            for given in ("01/02/2020", "31.02.2020", [1], "2024-03-01 25:00")
        ),
        (clock(), "2024-03-01T00:00:00Z", "with a time zone; expected none"),
        (clock("1h", "datetime", "UTC"), "2024-03-01 00:00", "without a time zone; expected one"),
        *(
            (clock("1", "integer"), given, "a whole number")
            for given in ("x", 1.5, None, True, 10**30, "1.5")
        ),
    ],
)
def test_what_is_no_time_is_told(one: Clock, given: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        one.read(given)


@pytest.mark.parametrize(
    ("one", "first", "later", "expected"),
    [
        (clock("1h", "datetime"), "2024-01-01 00:00", "2024-01-02 03:00", 27),
        (clock("7d"), "2024-01-01", "2023-12-18", -2),
        (clock("1mo"), "2024-01-31", "2024-04-30", 3),
        (clock("1q"), "2024-01-01", "2025-01-01", 4),
        (clock("5", "integer"), 10, 35, 5),
        (clock("1d", "datetime", "Europe/Berlin"), "2024-03-30T00:00+01:00", "2024-04-01T00:00+02:00", 2),
        (clock("1mo", moves=True), "2024-01-31", "2024-04-28", 3),
        (clock("1h", "datetime", moves=True), "2024-01-01 00:00", "2024-01-01 01:10", 1),
    ],
)
def test_a_row_has_a_step(one: Clock, first: Any, later: Any, expected: int) -> None:
    assert one.position(one.start(one.read(first)), one.read(later)) == expected


def test_a_time_between_two_steps_is_told_with_the_nearest() -> None:
    hours = clock("1h", "datetime")
    with pytest.raises(DataError, match="off the grid of 1h; expected a step such as 2024-01-01 05:00"):
        hours.position(hours.start(hours.read("2024-01-01 00:00")), hours.read("2024-01-01 04:50"))


@pytest.mark.parametrize(
    ("one", "given", "expected"),
    [
        (clock("1d"), "2024-02-28", ["2024-02-29", "2024-03-01"]),
        (clock("1mo"), "2024-01-31", ["2024-02-29", "2024-03-31"]),
        (clock("1h", "datetime"), "2024-01-01 23:00", ["2024-01-02 00:00", "2024-01-02 01:00"]),
        (clock("1h", "datetime"), "2024-01-01T23:00:00", ["2024-01-02T00:00:00", "2024-01-02T01:00:00"]),
        (clock("12h", "datetime"), "2024-01-01", ["2024-01-01T12:00:00", "2024-01-02T00:00:00"]),
        (clock("1h", "datetime", "UTC"), "2024-01-01T23:00Z", ["2024-01-02T00:00Z", "2024-01-02T01:00Z"]),
        (
            clock("1h", "datetime", "Europe/Berlin"),
            "2024-03-31T01:00+01:00",
            ["2024-03-31T03:00+02:00", "2024-03-31T04:00+02:00"],
        ),
        (clock("3", "integer"), "4", [7, 10]),
    ],
)
def test_steps_ahead_are_written_as_the_row_was(one: Clock, given: str, expected: list[Any]) -> None:
    moment = one.read(given)
    assert one.written(one.start(moment), np.array([1, 2]), moment.style).tolist() == expected


def test_without_a_row_a_step_is_written_in_full() -> None:
    days = clock()
    assert days.written(days.read("2024-01-01").time, np.array([1])).tolist() == ["2024-01-02"]
    assert clock("1h", "datetime").written(0, np.array([1])).tolist() == ["1970-01-01T01:00:00"]
    assert clock("1h", "datetime", "UTC").written(0, np.array([1]), Style("m", "T", "+")).tolist() == [
        "1970-01-01T01:00+00:00"
    ]


def test_a_clock_survives_as_a_document() -> None:
    for one in (clock(), clock("1mo", moves=True), clock("1", "integer"), clock("1h", "datetime", "UTC")):
        assert Clock.from_dict(one.to_dict()) == one
    for change in ({"kind": "x"}, {"zone": 5}, {"longest_gap": -1}, {"moves": None}, {"kind": "integer"}):
        with pytest.raises(ValueError, match=r"clock|integer"):
            Clock.from_dict(clock().to_dict() | change)


def test_the_kind_is_that_of_the_table() -> None:
    assert TimeType("date").kind == clock().kind

"""Times of live rows: read as a table's are, set on the grid, and written as they came."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from recurra.data.timestamp import TimeReading, TimeType, read_times
from recurra.data.zone import DAY
from recurra.errors import ConfigError, DataError
from recurra.inputs.series.clock import Clock
from recurra.inputs.series.frequency import parse_frequency
from recurra.inputs.series.grid import Grid
from recurra.inputs.series.spelling import Spelling, Style


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


SPELT = [
    ("%d/%m/%Y", ["03/04/2024", "04/04/2024"]),
    ("%-d/%-m/%Y", ["3/4/2024", "4/4/2024"]),
    ("%d.%m.%Y %H:%M", ["03.04.2024 00:00", "04.04.2024 00:00"]),
    ("%b %d, %Y", ["Apr 03, 2024", "Apr 04, 2024"]),
    ("%m/%d/%Y %I:%M %p", ["04/03/2024 01:00 PM", "04/04/2024 01:00 PM"]),
]


@pytest.mark.parametrize(("pattern", "texts"), SPELT)
def test_times_in_the_pattern_of_training_are_read_and_come_back_so(pattern: str, texts: list[str]) -> None:
    one = replace(clock("1d", "datetime"), spelling=Spelling.of(pattern, "", local=False))
    moment = one.read(texts[0])
    assert moment.time == read_times(pl.Series("ds", texts), TimeReading(pattern)).times[0]
    assert one.written(moment.time, np.arange(2), moment.style).tolist() == texts
    assert one.read("2024-04-03").time == moment.time - moment.time % DAY  # may be written otherwise
    strict = clock("1d", "datetime").told(pattern)
    assert strict.read(texts[0]).time == moment.time
    with pytest.raises(DataError, match=re.escape(f"expected a time written as {pattern!r}")):
        strict.read("2024-04-03")


def test_months_and_quarters_are_written_as_they_are_read() -> None:
    quarters = replace(clock("1q"), spelling=Spelling("%YQ%q"))
    moment = quarters.read("2024Q4")
    assert quarters.written(moment.time, np.arange(3), moment.style).tolist() == [
        "2024Q4",
        "2025Q1",
        "2025Q2",
    ]
    months = replace(clock("1mo"), spelling=Spelling("%Y/%m"))
    moment = months.read("2024/12")
    assert months.written(moment.time, np.arange(2), moment.style).tolist() == ["2024/12", "2025/01"]


@pytest.mark.parametrize(("unit", "number"), [("s", 1_706_702_400), ("ms", 1_706_702_400_000)])
@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_numbers_since_1970_are_times(unit: str, number: int, zone: str | None) -> None:
    one = replace(clock("1h", "datetime", zone), spelling=Spelling.of("", unit, local=False))
    hour = 3600 * (1000 if unit == "ms" else 1)
    moment = one.read(number)  # 2024-01-31 12:00 UTC
    assert moment.time == dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC).timestamp() * 1_000_000
    assert one.written(moment.time, np.arange(3), moment.style).tolist() == [
        number,
        number + hour,
        number + 2 * hour,
    ]
    assert one.read(str(number)).time == one.read(float(number)).time == moment.time
    with pytest.raises(DataError, match="36,000 years"):
        one.read(10**30)
    for given in (None, True, "x", float("nan")):
        with pytest.raises(DataError, match=f"expected {unit} since 1970"):
            one.read(given)
    assert clock("1h", "datetime", zone).told(f"epoch_{unit}").read(number).time == moment.time


def test_days_as_numbers_come_back_as_numbers() -> None:
    one = replace(clock(), spelling=Spelling.of("%Y%m%d", "", local=False))
    number, text = one.read(20240228), one.read("20240228")
    assert number.time == text.time == one.read("2024-02-28").time
    assert one.written(number.time, np.arange(3), number.style).tolist() == [20240228, 20240229, 20240301]
    assert one.written(text.time, np.arange(2), text.style).tolist() == ["20240228", "20240229"]


def test_times_on_the_clock_of_a_zone_that_training_named() -> None:
    one = replace(clock("1h", "datetime", "Europe/Berlin"), spelling=Spelling(local=True))
    moment = one.read("2024-03-31 01:00")
    assert moment.time == one.read("2024-03-31T00:00Z").time
    after = one.written(moment.time, np.arange(2), moment.style).tolist()
    assert after == ["2024-03-31 01:00", "2024-03-31 03:00"]  # no clock showed 2
    daily = replace(clock("1d", "date", "Europe/Berlin"), spelling=Spelling("%d/%m/%Y", local=True))
    day = daily.read("31/03/2024")
    assert daily.written(day.time, np.arange(2), day.style).tolist() == ["31/03/2024", "01/04/2024"]


def test_business_days_go_from_friday_to_monday() -> None:
    one = clock("b")
    friday = one.read("2024-03-01")
    assert one.position(one.start(friday), one.read("2024-03-04")) == 1
    assert one.written(one.start(friday), np.arange(3), friday.style).tolist() == [
        "2024-03-01",
        "2024-03-04",
        "2024-03-05",
    ]
    with pytest.raises(DataError, match="off the grid of 1b; expected a step such as 2024-03-01"):
        one.position(one.start(friday), one.read("2024-03-02"))


def test_a_format_must_suit_what_training_saw() -> None:
    for kind, told in (("integer", "%Y"), ("integer", "epoch_s"), ("date", "integer")):
        one = clock("1" if kind == "integer" else "1d", kind)
        with pytest.raises(ConfigError, match=f"time_format is '{told}', and times of training were"):
            one.told(told)
    assert clock("1", "integer").told("integer") == clock("1", "integer")


def test_how_times_are_written_is_kept_and_checked() -> None:
    one = replace(clock(), spelling=Spelling("%d/%m/%Y", local=True))
    assert Clock.from_dict(one.to_dict()) == one
    older = {key: value for key, value in one.to_dict().items() if key != "spelling"}
    assert Clock.from_dict(older) == clock()
    for wrong in ({"pattern": 3}, {"epoch": "h"}, {"strict": "yes"}, {"other": ""}):
        with pytest.raises((ValueError, TypeError)):
            Clock.from_dict({**one.to_dict(), "spelling": wrong})


def test_far_times_are_written_all_the_same() -> None:
    one = replace(clock(), spelling=Spelling("%d/%m/%Y"))
    last = one.read("31/12/9999")
    assert one.written(last.time, np.arange(2), last.style).tolist()[0] == "31/12/9999"

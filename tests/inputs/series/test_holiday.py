"""Public holidays, which times alone give."""

import sys
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recurra.data.holiday import as_place, days_off
from recurra.data.zone import DAY, HOUR
from recurra.errors import DataError, MissingDependencyError
from recurra.inputs.series.frequency import parse_frequency
from recurra.inputs.series.grid import Grid
from recurra.inputs.series.holiday import Holidays
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema


def microseconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY


def shares(
    frequency: str, start: date, steps: int, *places: str, zone: str | None = None, clock: int = 0
) -> np.ndarray:
    grid = Grid(parse_frequency(frequency), zone)
    begin = np.full(steps, microseconds(start) + clock)
    return Holidays(places, 0).shares(grid, begin, np.arange(steps))


def test_codes_are_found_in_any_case_and_days_are_those_of_the_place() -> None:
    assert [as_place(one) for one in ("DE", "de-by", " us-CA ")] == ["DE", "DE-BY", "US-CA"]
    epiphany = microseconds(date(2024, 1, 6)) // DAY
    assert epiphany in days_off("DE-BY", 2024)
    assert epiphany not in days_off("DE", 2024)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Germany", r"'Germany' is none \(near: DE"),
        ("QQQ", "'QQQ' is none$"),
        ("DE-ZZ", "a part of DE, of which 'ZZ' is none: BB, BE"),
        ("VA-1", "VA alone"),
    ],
)
def test_an_unknown_place_is_told_with_what_is_near(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        as_place(text)


def test_the_package_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'recurra\[holidays\]'"):
        as_place("DE")


def test_days_are_holidays_or_not_for_each_place() -> None:
    found = shares("1d", date(2024, 12, 24), 4, "DE", "US")
    assert found.tolist() == [[0, 0], [1, 1], [1, 0], [0, 0]]
    friday, steps = date(2024, 3, 28), 3  # Thursday, Good Friday, Easter Monday
    assert shares("b", friday, steps, "DE")[:, 0].tolist() == [0, 1, 1]


def test_hours_are_those_of_the_local_day() -> None:
    on_the_wall = shares("1h", date(2024, 12, 24), 48, "US")[:, 0]
    assert on_the_wall.tolist() == [0.0] * 24 + [1.0] * 24
    in_utc = shares("1h", date(2024, 12, 24), 48, "US", zone="America/New_York")[:, 0]
    assert in_utc.tolist() == [0.0] * 29 + [1.0] * 19
    half_days = shares("12h", date(2024, 12, 24), 5, "US", clock=6 * HOUR)[:, 0]
    assert half_days.tolist() == [0, 0, 1, 1, 0]


def test_longer_steps_have_shares() -> None:
    weeks = shares("1w", date(2024, 12, 16), 3, "DE")[:, 0]
    assert weeks == pytest.approx([0, 2 / 7, 1 / 7])
    begun = shares("MS", date(2024, 11, 1), 2, "DE")[:, 0]
    ended = shares("ME", date(2024, 11, 30), 2, "DE")[:, 0]
    assert begun == pytest.approx([0, 2 / 31])
    assert ended == pytest.approx(begun)
    quarters = shares("QE", date(2024, 12, 31), 1, "DE")[:, 0]
    assert quarters == pytest.approx([3 / 92])
    assert shares("36h", date(2024, 12, 24), 2, "DE")[:, 0] == pytest.approx([0, 1])


def daily(length: int = 20, start: date = date(2024, 12, 10)) -> pl.DataFrame:
    return pl.DataFrame(
        {"ds": [start + timedelta(days=day) for day in range(length)], "y": np.arange(length) + 0.5}
    )


def test_a_panel_knows_them_ahead_of_its_rows() -> None:
    frame = pl.concat(
        [daily(14).with_columns(unique_id=pl.lit("a")), daily(20).with_columns(unique_id=pl.lit("b"))]
    )
    panel = Panel.read(frame, holidays=Holidays(("DE",), 5))
    assert panel.lengths.tolist() == [14, 20]
    assert panel.extents.tolist() == [19, 25]
    assert panel.schema.numeric("future") == ("holidays DE",)
    assert np.flatnonzero(panel.future[:, 0]).tolist() == [15, 16, 19 + 15, 19 + 16, 19 + 22]
    assert not any("known future" in one for one in panel.repairs)
    schema = PanelSchema.from_dict(panel.schema.to_dict())
    assert schema == panel.schema
    again = Panel.build(daily(16, date(2024, 12, 20)).with_columns(unique_id=pl.lit("c")), schema=schema)
    assert np.flatnonzero(again.future[:, 0]).tolist() == [5, 6, 12]
    written = Panel.build(panel.to_frame(), schema=schema)
    assert np.array_equal(written.future, panel.future)


def test_they_stand_beside_covariates_of_the_table() -> None:
    frame = daily().with_columns(price=pl.int_range(pl.len()) * 1.0)
    columns = {"future": ("price",), "holidays": Holidays(("DE", "FR"), 2)}
    panel = Panel.read(frame, **columns)
    assert panel.schema.numeric("future") == ("price", "holidays DE", "holidays FR")
    assert panel.future[15].tolist() == [15, 1, 1]
    assert panel.future[16].tolist() == [16, 1, 0]
    assert np.isnan(panel.future[20:, 0]).all()
    assert not np.isnan(panel.future[:, 1:]).any()


def test_steps_without_holidays_are_refused_and_days_of_utc_told() -> None:
    wanted = Holidays(("DE",), 3)
    with pytest.raises(DataError, match="whole numbers, which no calendar has"):
        Panel.read(pl.DataFrame({"ds": range(9), "y": range(9)}), holidays=wanted)
    years = pl.DataFrame({"ds": [date(year, 1, 1) for year in range(2000, 2012)], "y": range(12)})
    with pytest.raises(DataError, match="steps of 1y"):
        Panel.read(years, holidays=wanted)
    hours = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(30)]
    frame = pl.DataFrame({"ds": hours, "y": range(30)})
    assert not any("holidays" in one for one in Panel.read(frame, holidays=wanted).repairs)
    zoned = frame.with_columns(pl.col("ds").dt.replace_time_zone("UTC"))
    assert any("days in UTC; time_zone=" in one for one in Panel.read(zoned, holidays=wanted).repairs)


def test_what_a_run_says_of_them_is_checked() -> None:
    assert Holidays.from_dict({}) == Holidays()
    for wrong in ({"places": ["QQQ"]}, {"places": [3]}, {"places": 3}, {"places": ["DE"], "ahead": -1}):
        with pytest.raises((ValueError, TypeError, AttributeError)):
            Holidays.from_dict(wrong)

"""What follows what in a live series: order, gaps, new beginnings, and the rows that a run keeps."""

import pytest

from recurra.errors import DataError
from recurra.inputs.series.clock import Clock
from recurra.inputs.series.frequency import parse_frequency
from recurra.inputs.series.grid import Grid
from recurra.inputs.series.live import marks_of, place_of
from recurra.inputs.series.timeline import BLOCK, Arrival, Place, Timelines

CLOCK = Clock("ds", Grid(parse_frequency("1")), "integer", moves=False, longest_gap=5)


def timelines(**kept: Place) -> Timelines:
    return Timelines(CLOCK, kept, {name: place.position + 1 for name, place in kept.items()})


def taken(times: Timelines, name: str, at: int | None) -> Arrival:
    arrival = times.arrive(name, None if at is None else CLOCK.read(at))
    times.places[name] = arrival.place
    return arrival


def test_steps_without_a_row_are_counted() -> None:
    times = timelines()
    missing = [taken(times, "a", at).missing for at in (100, 101, 103, 104, 110)]
    assert missing == [0, 0, 1, 0, 5]


def test_a_long_series_keeps_its_step() -> None:
    times = timelines()
    for at in range(7, 7 + 3 * BLOCK):
        assert taken(times, "a", at).missing == 0
    assert times.places["a"].position == 3 * BLOCK - 1
    assert times.ahead(times.places["a"], 2, CLOCK.read(7)).tolist() == [7 + 3 * BLOCK, 8 + 3 * BLOCK]


@pytest.mark.parametrize("at", [100, 99, 3])
def test_what_does_not_come_later_is_told(at: int) -> None:
    times = timelines()
    taken(times, "a", 100)
    before = dict(times.places)
    with pytest.raises(DataError, match=f"'ds' holds {at}, not after 100"):
        times.arrive("a", CLOCK.read(at))
    assert times.places == before
    assert taken(times, "b", at).missing == 0


def test_a_lone_mistaken_time_is_refused_and_two_that_agree_begin_anew() -> None:
    times = timelines()
    taken(times, "a", 100)
    with pytest.raises(DataError, match="206 missing steps after 100; expected at most 5"):
        taken(times, "a", 307)
    assert taken(times, "a", 101).missing == 0
    for at in (307, 405):
        with pytest.raises(DataError, match="missing steps after 101"):
            taken(times, "a", at)
    anew = taken(times, "a", 407)
    assert anew.begins
    assert anew.notes == ("series a begins anew at 407, after 305 missing steps",)
    assert taken(times, "a", 408) == Arrival(Place(308, 100, dated=True))


def test_a_known_series_goes_on_from_what_the_run_keeps() -> None:
    kept = Place(9, 50)  # ten rows, at 50 to 59
    assert taken(timelines(a=kept), "a", 60) == Arrival(Place(10, 50, dated=True), 0, 10)
    assert taken(timelines(a=kept), "a", 63) == Arrival(Place(13, 50, dated=True), 3, 10)
    assert taken(timelines(a=kept), "a", 54) == Arrival(Place(4, 50, dated=True), 0, 4)
    assert taken(timelines(a=kept), "", 60).history == 10
    untimed = taken(timelines(a=kept), "a", None)
    assert (untimed.place, untimed.history) == (Place(10, 50), 10)
    assert "goes on after the run's last row, 59" in untimed.notes[0]


@pytest.mark.parametrize(
    ("name", "at", "note"),
    [
        ("b", 60, "series b starts cold: the run holds no row of it"),
        ("a", 50, "series a starts cold: the run's rows begin at 50"),
        ("a", 7, "series a starts cold: the run's rows begin at 50"),
        ("a", 66, "series a starts cold: 66 is 6 missing steps after the run's last row"),
    ],
)
def test_who_starts_cold_says_why(name: str, at: int, note: str) -> None:
    arrival = taken(timelines(a=Place(9, 50)), name, at)
    assert (arrival.history, arrival.missing, arrival.notes) == (None, 0, (note,))


def test_rows_without_a_time_follow_each_other() -> None:
    times = timelines()
    taken(times, "a", None)
    assert taken(times, "a", None).place == Place(1)
    assert taken(times, "a", 70).place == Place(0, 70, dated=True)
    assert taken(times, "a", 73).missing == 2


def test_a_row_without_a_time_takes_no_step_of_a_series_whose_rows_have_one() -> None:
    times = timelines()
    taken(times, "a", 100)
    with pytest.raises(DataError, match=r"a row without 'ds'; expected the time of each row .* at 100"):
        taken(times, "a", None)
    assert taken(times, "a", 101).missing == 0
    assert [taken(times, "b", None).place.position for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("apart", [None, 40])
def test_a_place_is_kept_with_whether_its_rows_have_times(apart: int | None) -> None:
    times = timelines()
    for place in (Place(7, 100, apart, dated=True), Place(7, 100, apart), Place(7)):
        times.places["a"] = place
        assert place_of(marks_of(times, "a")) == place


def test_the_remedy_for_a_time_between_steps_is_the_step_that_is_to_come() -> None:
    days = Clock("ds", Grid(parse_frequency("b")), "date", moves=False, longest_gap=5)
    friday = Place(4, days.read("2024-01-29").time)
    for times in (Timelines(days, {}, {}), Timelines(days, {"a": friday}, {"a": 5})):
        if not times.arrive("a", None).history:
            times.places["a"] = friday
        with pytest.raises(DataError, match=r"'2024-02-03', off the grid of 1b; expected .* as 2024-02-05"):
            times.arrive("a", days.read("2024-02-03"))

"""Races run within a time; those that do not fit are named."""

from types import SimpleNamespace

import pytest
from tests.bench.stand_in import Clock, Counted, case, section

from recurra.bench import schedule
from recurra.bench.entrant import OURS
from recurra.bench.race import Race
from recurra.bench.schedule import Budget, Table, run_sections
from recurra.bench.stopwatch import FEWEST_ROUNDS
from recurra.training.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that a race moves on by its work, as far as it is raced."""
    clock = Clock()

    def run_race(race, seconds):
        clock.now += race.work
        pace = 1 / (1 + FEWEST_ROUNDS)  # so that the work is what a race takes at least
        return SimpleNamespace(case=race.case, seconds=seconds, pace=pace)

    monkeypatch.setattr(schedule, "run_race", run_race)
    return clock


def lasting(*seconds: float, weight: float = 1.0, batch: int = 1) -> Table:
    entrants = [Counted(OURS, 1.0)]
    races = [
        Race(case(batch + number), lambda: entrants, duration, lambda: 1.0, 0.0)
        for number, duration in enumerate(seconds)
    ]
    return Table(section(*races, weight=weight), [], [])


def raced(table: Table) -> list[int]:
    return [found.case.batch for found in table.standings]


def test_all_races_run_when_there_is_time(clock):
    tables = [lasting(1, 1, 1), lasting(1, 1, batch=7)]
    run_sections(tables, Budget(100.0, clock), Progress.silent())
    assert [raced(table) for table in tables] == [[1, 2, 3], [7, 8]]
    assert not any(table.left_out for table in tables)


def test_what_there_is_no_time_for_is_left_out_by_name(clock):
    table = lasting(4, 4, 4, 4)
    run_sections([table], Budget(10.0, clock), Progress.silent())
    assert raced(table) == [1, 2]
    assert [each.batch for each in table.left_out] == [3, 4]
    assert clock.now == 8  # the third would not have ended in time


def test_what_does_not_fit_gives_way_to_what_does(clock):
    table = lasting(2, 9, 3, 1)
    run_sections([table], Budget(7.0, clock), Progress.silent())
    assert raced(table) == [1, 3, 4]
    assert [each.batch for each in table.left_out] == [2]


def test_sections_share_the_time_by_weight_and_pass_on_what_they_do_not_need(clock):
    short, long = lasting(1), lasting(*[2] * 20, weight=3, batch=10)
    run_sections([long, short], Budget(20.0, clock), Progress.silent())
    assert raced(short) == [1]  # its quarter were 5 seconds, of which 4 go to the other one
    assert len(long.standings) == 9
    assert len(long.left_out) == 11


def test_what_is_left_in_the_end_goes_to_those_who_need_it(clock):
    short, long = lasting(*[2] * 20), lasting(1, weight=3, batch=50)
    run_sections([long, short], Budget(20.0, clock), Progress.silent())
    assert raced(long) == [50]
    assert len(short.standings) == 9  # two in its quarter, the others when all had had their turn


def test_without_time_nothing_runs(clock):
    table = lasting(1, 1)
    run_sections([table], Budget(-1.0, clock), Progress.silent())
    assert not table.standings
    assert len(table.left_out) == 2


def test_an_interruption_leaves_the_rest_named(clock, monkeypatch):
    run_race = schedule.run_race

    def interrupted(race, seconds):
        if race.case.batch == 2:
            raise KeyboardInterrupt
        return run_race(race, seconds)

    monkeypatch.setattr(schedule, "run_race", interrupted)
    table = lasting(1, 1, 1)
    with pytest.raises(KeyboardInterrupt):
        run_sections([table], Budget(100.0, clock), Progress.silent())
    assert raced(table) == [1]
    assert [each.batch for each in table.left_out] == [2, 3]


def test_a_race_is_timed_for_its_part_of_the_time_by_its_work_within_bounds(clock, monkeypatch):
    monkeypatch.setattr(schedule, "FEWEST_ROUNDS", -1)  # no race needs any time

    def seconds(budget):
        table = lasting(1e-9, 3e-9)
        run_sections([table], Budget(budget, clock), Progress.silent())
        return [found.seconds for found in table.standings]

    assert seconds(4.0) == pytest.approx([1, 4])
    assert seconds(1e-3) == [schedule.LEAST_SECONDS] * 2
    assert seconds(1e3) == [schedule.MOST_SECONDS] * 2


def test_time_that_the_rest_needs_is_not_spent_on_more_rounds(clock):
    table = lasting(1, 1, 1, 1)
    run_sections([table], Budget(5.0, clock), Progress.silent())
    first, *others = (found.seconds for found in table.standings)
    assert first == pytest.approx(5 / 4)  # nothing was known yet
    assert others == pytest.approx([1 + 1 / 3, 1 + 1 / 2, 2])

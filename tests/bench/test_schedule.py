"""Races run within a time; those that do not fit are named, and a run ends in time whatever it is at."""

import signal
import threading
import time
from types import SimpleNamespace

import pytest
from tests.bench.stand_in import Clock, Counted, case, table

from recurra.bench import schedule
from recurra.bench.race import OURS, Race
from recurra.bench.schedule import DeadlineReached, Table, deadline, run_tables
from recurra.bench.stopwatch import FEWEST_ROUNDS
from recurra.training.progress import Progress

needs_alarms = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no alarms")


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
    return table(*races, weight=weight)


def raced(found: Table) -> list[int]:
    return [standing.case.batch for standing in found.standings]


def left_out(found: Table) -> list[int]:
    return [race.case.batch for race in found.waiting]


def test_all_races_run_when_there_is_time(clock):
    tables = [lasting(1, 1, 1), lasting(1, 1, batch=7)]
    run_tables(tables, 100.0, Progress.silent(), clock)
    assert [raced(each) for each in tables] == [[1, 2, 3], [7, 8]]
    assert not any(map(left_out, tables))


def test_what_there_is_no_time_for_is_left_out_by_name(clock):
    only = lasting(4, 4, 4, 4)
    run_tables([only], 10.0, Progress.silent(), clock)
    assert raced(only) == [1, 2]
    assert left_out(only) == [3, 4]
    assert clock.now == 8  # the third would not have ended in time


def test_what_does_not_fit_gives_way_to_what_does(clock):
    only = lasting(2, 9, 3, 1)
    run_tables([only], 7.0, Progress.silent(), clock)
    assert raced(only) == [1, 3, 4]
    assert left_out(only) == [2]


def test_sections_share_the_time_by_weight_and_pass_on_what_they_do_not_need(clock):
    short, long = lasting(1), lasting(*[2] * 20, weight=3, batch=10)
    run_tables([long, short], 20.0, Progress.silent(), clock)
    assert raced(short) == [1]  # its quarter were 5 seconds, of which 4 go to the other one
    assert len(long.standings) == 9
    assert len(left_out(long)) == 11


def test_what_is_left_in_the_end_goes_to_those_who_need_it(clock):
    short, long = lasting(*[2] * 20), lasting(1, weight=3, batch=50)
    run_tables([long, short], 20.0, Progress.silent(), clock)
    assert raced(long) == [50]
    assert len(short.standings) == 9  # two in its quarter, the others when all had had their turn


def test_without_time_nothing_runs(clock):
    only = lasting(1, 1)
    run_tables([only], -1.0, Progress.silent(), clock)
    assert not only.standings
    assert len(left_out(only)) == 2


def test_an_interruption_leaves_the_rest_named(clock, monkeypatch):
    run_race = schedule.run_race

    def interrupted(race, seconds):
        if race.case.batch == 2:
            raise KeyboardInterrupt
        return run_race(race, seconds)

    monkeypatch.setattr(schedule, "run_race", interrupted)
    only = lasting(1, 1, 1)
    with pytest.raises(KeyboardInterrupt):
        run_tables([only], 100.0, Progress.silent(), clock)
    assert raced(only) == [1]
    assert left_out(only) == [2, 3]


def test_a_race_is_timed_for_its_part_of_the_time_by_its_work_within_bounds(clock, monkeypatch):
    monkeypatch.setattr(schedule, "FEWEST_ROUNDS", -1)  # no race needs any time

    def seconds(budget):
        only = lasting(1e-9, 3e-9)
        run_tables([only], clock.now + budget, Progress.silent(), clock)
        return [found.seconds for found in only.standings]

    assert seconds(4.0) == pytest.approx([1, 4])
    assert seconds(1e-3) == [schedule.LEAST_SECONDS] * 2
    assert seconds(1e3) == [schedule.MOST_SECONDS] * 2


def test_time_that_the_rest_needs_is_not_spent_on_more_rounds(clock):
    only = lasting(1, 1, 1, 1)
    run_tables([only], 5.0, Progress.silent(), clock)
    first, *others = (found.seconds for found in only.standings)
    assert first == pytest.approx(5 / 4)  # nothing was known yet
    assert others == pytest.approx([1 + 1 / 3, 1 + 1 / 2, 2])


@needs_alarms
def test_what_goes_on_for_ever_is_left():
    began = time.monotonic()
    with deadline(0.05):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # noqa: BLE001 - it does not hold back the deadline
                continue
    assert 0.04 < time.monotonic() - began < 5


@needs_alarms
def test_what_ends_by_itself_is_not_disturbed_later():
    before = signal.getsignal(signal.SIGALRM)
    with deadline(0.02):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    time.sleep(0.04)


@needs_alarms
def test_errors_go_through():
    with pytest.raises(ZeroDivisionError), deadline(5.0):
        raise ZeroDivisionError


def test_without_an_end_and_in_other_threads_there_is_none():
    with deadline(None):
        time.sleep(0.001)
    reached = []

    def run():
        with deadline(0.001):
            time.sleep(0.01)
            reached.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert reached == [True]
    assert not issubclass(DeadlineReached, Exception)

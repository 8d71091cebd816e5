"""Rounds are interleaved, as many as there is time for, while nobody else works, and their median counts."""

import gc

import pytest
from tests.bench.stand_in import Clock

from recurra.bench import stopwatch
from recurra.bench.stopwatch import FEWEST_ROUNDS, MOST_NAPS, MOST_ROUNDS, NAP_SECONDS, take_turns

wait_until_idle = stopwatch._wait_until_idle


@pytest.fixture(autouse=True)
def _nobody_spins(monkeypatch):
    monkeypatch.setattr(stopwatch, "_wait_until_idle", lambda: None)


def test_times_are_those_of_a_single_run():
    clock = Clock()
    slow, fast = take_turns([clock.running(0.5), clock.running(0.0001)], 60.0, clock)
    assert slow.rounds == fast.rounds
    assert slow.microseconds == pytest.approx(5e5)
    assert fast.microseconds == pytest.approx(100)
    assert slow.spread == pytest.approx(0, abs=1e-9)


def test_turns_alternate_so_that_nobody_always_comes_first():
    clock, order = Clock(), []
    runs = [clock.running(1.0, lambda name=name: order.append(name)) for name in "ab"]
    take_turns(runs, 0.0, clock)
    assert "".join(order[-2 * FEWEST_ROUNDS :]) == "abbaab"


@pytest.mark.parametrize(("seconds", "rounds"), [(0.0, FEWEST_ROUNDS), (10.0, 5), (1000.0, MOST_ROUNDS)])
def test_the_number_of_rounds_follows_the_time(seconds, rounds):
    clock = Clock()
    (timing,) = take_turns([clock.running(2.0)], seconds, clock)
    assert timing.rounds == rounds


def test_a_race_that_takes_too_long_ends_after_a_round():
    clock = Clock()
    (timing,) = take_turns([clock.running(stopwatch.PATIENCE_SECONDS + 2)], 1.0, clock)
    assert (timing.rounds, timing.spread) == (1, 0)
    assert timing.microseconds == pytest.approx(1e6 * clock.now)


def test_an_outlier_changes_nothing():
    clock, calls = Clock(), iter(range(1000))

    def run():
        clock.now += 9.0 if next(calls) == 3 else 1.0

    (timing,) = take_turns([run], 20.0, clock)
    assert timing.microseconds == pytest.approx(1e6)
    assert timing.spread < 0.01  # it was one of many


def test_uneven_rounds_have_a_spread():
    clock, calls = Clock(), iter(range(1000))

    def run():
        clock.now += 1.0 + next(calls) % 2

    (timing,) = take_turns([run], 20.0, clock)
    assert timing.spread > 0.2


def test_short_runs_are_repeated_within_a_turn():
    clock, count = Clock(), []
    take_turns([clock.running(1e-4, lambda: count.append(1))], 0.0, clock)
    assert len(count) >= FEWEST_ROUNDS * stopwatch.TURN_SECONDS / 1e-4


def test_no_garbage_is_collected_meanwhile_and_later_it_is():
    seen = []
    take_turns([lambda: seen.append(gc.isenabled())], 0.0)
    assert not any(seen)
    assert gc.isenabled()


def test_an_error_goes_through_and_collection_goes_on():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_turns([fail], 1.0)
    assert gc.isenabled()


@pytest.fixture
def naps(monkeypatch):
    """The naps taken, while other threads of the process are busy for some seconds."""
    taken: list[float] = []
    busy_until = [0.0]

    monkeypatch.setattr(stopwatch.time, "sleep", taken.append)
    monkeypatch.setattr(stopwatch.time, "process_time", lambda: min(sum(taken), busy_until[0]))
    return taken, busy_until


def test_threads_that_spin_are_waited_for(naps):
    taken, busy_until = naps
    busy_until[0] = 10.5 * NAP_SECONDS
    wait_until_idle()
    assert len(taken) == 12  # in the last one nobody was busy


def test_where_nobody_spins_one_nap_is_enough(naps):
    taken, _ = naps
    wait_until_idle()
    assert taken == [NAP_SECONDS]


def test_nobody_is_waited_for_in_vain(naps):
    taken, busy_until = naps
    busy_until[0] = 1e9
    wait_until_idle()
    assert len(taken) == MOST_NAPS

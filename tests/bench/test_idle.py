"""A turn begins when the threads of the one before have fallen asleep."""

import pytest

from recurra.bench import stopwatch
from recurra.bench.stopwatch import MOST_NAPS, NAP_SECONDS


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
    stopwatch._wait_until_idle()
    assert len(taken) == 12  # in the last one nobody was busy


def test_where_nobody_spins_one_nap_is_enough(naps):
    taken, _ = naps
    stopwatch._wait_until_idle()
    assert taken == [NAP_SECONDS]


def test_nobody_is_waited_for_in_vain(naps):
    taken, busy_until = naps
    busy_until[0] = 1e9
    stopwatch._wait_until_idle()
    assert len(taken) == MOST_NAPS

"""The machine: the processors it gives, what others take of them, and what it can do at most."""

import os
import threading
import time

import pytest
import torch

from recurra import native
from recurra.bench import machine
from recurra.bench.machine import Disturbance, limited, processors

needs_engine = pytest.mark.skipif(native.unavailable_reason() is not None, reason="there is no engine")
CONFINES = hasattr(os, "sched_setaffinity")


def test_torch_and_the_whole_process_are_limited_for_the_block():
    before, allowed = torch.get_num_threads(), processors()
    stop, seen = threading.Event(), []
    idle = threading.Thread(target=lambda: (stop.wait(), seen.append(len(os.sched_getaffinity(0)))))
    if CONFINES:
        idle.start()
    with limited(1):
        assert torch.get_num_threads() == 1
        if CONFINES:
            assert processors() == 1
            stop.set()
            idle.join()
            assert seen == [1]  # threads that were there before are confined as well
    assert (torch.get_num_threads(), processors()) == (before, allowed)


def test_an_error_in_the_block_lifts_the_limit():
    before, allowed = torch.get_num_threads(), processors()
    with pytest.raises(ZeroDivisionError), limited(1):
        raise ZeroDivisionError
    assert (torch.get_num_threads(), processors()) == (before, allowed)


def test_every_core_gives_one_processor_before_any_gives_two(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "TOPOLOGY", str(tmp_path / "cpu{}"))
    for processor, siblings in enumerate(["0-1", "0-1", "2,5", "3", "4", "2,5"]):
        (tmp_path / f"cpu{processor}").write_text(siblings + "\n")
    assert machine._one_of_each_core_first({0, 1, 2, 3, 5}) == [0, 2, 3, 1, 5]
    assert machine._one_of_each_core_first({1, 5}) == [1, 5]
    assert machine._siblings(17) == {17}


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A stand-in for the kernel's statistics: seconds in which somebody worked, and idle ones."""
    path = tmp_path / "stat"
    monkeypatch.setattr(machine, "STATISTICS", path)
    per_second = os.sysconf("SC_CLK_TCK")

    def tell(busy: float, idle: float) -> None:
        ticks = [int(busy * per_second), 0, 0, int(idle * per_second), 0, 0, 0, 0, 0, 0]
        path.write_text("cpu  " + " ".join(map(str, ticks)) + "\ncpu0 1 2 3\n")

    return tell


def test_what_was_not_ours_is_others(kernel, monkeypatch):
    clock = iter([10.0, 13.0])
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    kernel(100, 100)
    watch = Disturbance()
    kernel(107, 103)
    assert watch.share() == pytest.approx((7 - 3) / 10)


def test_our_own_work_is_no_disturbance(kernel, monkeypatch):
    clock = iter([10.0, 19.0])
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    kernel(100, 100)
    watch = Disturbance()
    kernel(108, 101)
    assert watch.share() == 0


def test_where_nobody_tells_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "STATISTICS", tmp_path / "none")
    assert Disturbance().share() == 0


def test_what_the_processor_can_do_sets_the_limit_of_arithmetic():
    before = torch.get_num_threads()
    rate = machine.peak_rate(1)
    assert 1e8 < rate < 1e14
    assert machine.peak_rate(1) == rate  # once a run
    assert torch.get_num_threads() == before


@needs_engine
def test_operations_are_counted():
    once = native.engine().multiply_and_add(1)
    assert once > 0
    assert once % 2 == 0
    assert native.engine().multiply_and_add(1000) == 1000 * once


def test_without_the_engine_torch_sets_the_limit(monkeypatch):
    monkeypatch.setattr(native, "unavailable_reason", lambda: "none here")
    monkeypatch.setattr(
        machine, "_multiply_and_add", lambda _pool, _threads: pytest.fail("there is no engine")
    )
    machine.peak_rate.cache_clear()
    try:
        assert 1e8 < machine.peak_rate(1) < 1e14
    finally:
        machine.peak_rate.cache_clear()

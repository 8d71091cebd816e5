"""Others that used the processors meanwhile are noticed."""

import os
import time

import pytest

from recurra.bench import disturbance
from recurra.bench.disturbance import Disturbance


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A stand-in for the kernel's statistics: seconds in which somebody worked, and idle ones."""
    path = tmp_path / "stat"
    monkeypatch.setattr(disturbance, "STATISTICS", path)
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
    monkeypatch.setattr(disturbance, "STATISTICS", tmp_path / "none")
    assert Disturbance().share() == 0

"""The machine that is raced on: the processors it gives, what others take of them, and what they can do."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import torch

from recurra import native

TASKS = Path("/proc/self/task")
STATISTICS = Path("/proc/stat")
TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
IDLE = (3, 4)  # the columns of the kernel's statistics in which nothing was done

_MADE = "what the processor can do at most, fused multiply-adds in registers"
_TORCHS = "torch's product of two large matrices"
PEAK = ("GFLOP/s", _MADE if native.unavailable_reason() is None else _TORCHS)
"""The unit of arithmetic, and what a rate of it is compared with."""

ROUNDS = 1 << 21
PRODUCT_SIZE = 1024
TRIALS, TRIAL_SECONDS = 10, 0.5


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Give the block so many threads, and on Linux the whole process no more processors than that.

    The latter holds even those who start threads beside the ones asked for.
    """
    before = torch.get_num_threads()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    torch.set_num_threads(threads)
    try:
        _confine(set(_one_of_each_core_first(allowed)[:threads]))
        yield
    finally:
        _confine(allowed)
        torch.set_num_threads(before)


def _confine(chosen: set[int]) -> None:
    """Let every thread of this process run on these processors only; new threads inherit it."""
    for task in TASKS.iterdir() if chosen and TASKS.is_dir() else ():
        try:
            os.sched_setaffinity(int(task.name), chosen)
        except ProcessLookupError:  # it has just ended
            continue


def _one_of_each_core_first(chosen: set[int]) -> list[int]:
    """Two threads on one core are slower than on two: its second processor comes after all first ones."""

    def place(processor: int) -> int:
        siblings = _siblings(processor) & chosen
        return sorted(siblings | {processor}).index(processor)

    return sorted(chosen, key=lambda processor: (place(processor), processor))


def _siblings(processor: int) -> set[int]:
    """The processors of the same core, as the kernel lists them: "0,4" or "0-1"."""
    path = Path(TOPOLOGY.format(processor))
    if not path.is_file():
        return {processor}
    found: set[int] = set()
    for part in path.read_text().strip().split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@cache
def peak_rate(threads: int) -> float:
    """Floating-point operations a second of single precision that so many threads can do at most.

    They are multiply-adds of the instruction set that the engine runs, which read and write no memory. Where
    there is no engine torch takes its place, and they are those of torch's product of two large matrices. It
    is the best of ten, or of what half a second has room for.
    """
    with limited(threads), ThreadPoolExecutor(threads) as pool:
        trial = (
            _product()
            if native.unavailable_reason() is not None
            else partial(_multiply_and_add, pool, threads)
        )
        found: list[float] = []
        while len(found) < 2 or (len(found) < TRIALS and sum(found) < TRIAL_SECONDS):
            began = time.perf_counter()
            operations = trial()
            found.append(time.perf_counter() - began)
        return operations / min(found)


def _multiply_and_add(pool: ThreadPoolExecutor, threads: int) -> float:
    return float(sum(pool.map(native.engine().multiply_and_add, [ROUNDS] * threads)))


def _product() -> Callable[[], float]:
    left, right = torch.ones(2, PRODUCT_SIZE, PRODUCT_SIZE)

    def multiply() -> float:
        torch.mm(left, right)
        return 2.0 * PRODUCT_SIZE**3

    return multiply


class Disturbance:
    """Watches the processors from its making on, where the system tells (Linux)."""

    def __init__(self) -> None:
        self._before = _busy_and_all()
        self._own_before = time.process_time()

    def share(self) -> float:
        """The share of all processors' time that went to other programs; 0 where nobody tells."""
        busy, total = (now - before for now, before in zip(_busy_and_all(), self._before, strict=True))
        own = time.process_time() - self._own_before
        return max(0.0, busy - own) / total if total > 0 else 0.0


def _busy_and_all() -> tuple[float, float]:
    """Seconds of all processors together: not idle, and in all."""
    if not STATISTICS.is_file():
        return 0.0, 0.0
    columns = STATISTICS.read_text().splitlines()[0].split()[1:9]  # the rest is contained in these
    ticks = [int(column) for column in columns]
    per_second = os.sysconf("SC_CLK_TCK")
    total = sum(ticks)
    return (total - sum(ticks[place] for place in IDLE)) / per_second, total / per_second

"""The same number of threads for everybody."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

TASKS = Path("/proc/self/task")
TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Give the block so many threads, and on Linux the whole process no more processors than that.

    The latter holds even those who start threads beside the ones asked for.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        if not hasattr(os, "sched_setaffinity"):
            yield
            return
        allowed = os.sched_getaffinity(0)
        _confine(set(_one_of_each_core_first(allowed)[:threads]))
        try:
            yield
        finally:
            _confine(allowed)
    finally:
        torch.set_num_threads(before)


def available() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _confine(processors: set[int]) -> None:
    """Let every thread of this process run on these processors only; new threads inherit it."""
    for task in TASKS.iterdir() if TASKS.is_dir() else ():
        try:
            os.sched_setaffinity(int(task.name), processors)
        except ProcessLookupError:  # it has just ended
            continue


def _one_of_each_core_first(processors: set[int]) -> list[int]:
    """Two threads on one core are slower than on two: its second processor comes after all first ones."""

    def place(processor: int) -> int:
        siblings = _siblings(processor) & processors
        return sorted(siblings | {processor}).index(processor)

    return sorted(processors, key=lambda processor: (place(processor), processor))


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

"""Ctrl-C: the first asks the run to stop after its step, the second stops at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_bool
from multiprocessing.sharedctypes import RawValue
from types import FrameType


class Interruption:
    """Whether the run was asked to stop.

    Args:
        flag: Where that is kept; one in shared memory reaches other processes.
    """

    def __init__(self, flag: c_bool | None = None) -> None:
        self.flag = c_bool() if flag is None else flag

    @classmethod
    def shared(cls) -> "Interruption":
        """One whose flag can be given to new processes."""
        return cls(RawValue(c_bool))

    def request(self) -> None:
        """Ask the run to stop after its step."""
        self.flag.value = True

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self.flag.value


@contextmanager
def interruptible(interruption: Interruption) -> Iterator[None]:
    """Inside the block the first Ctrl-C only makes a request; outside the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interruption.requested:
            raise KeyboardInterrupt
        interruption.request()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

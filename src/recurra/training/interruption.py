"""Ctrl-C: the first asks the run to stop after its step, the second stops at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether the run was asked to stop."""

    def __init__(self) -> None:
        self._requested = False

    def request(self) -> None:
        """Ask the run to stop after its step."""
        self._requested = True

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._requested


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

"""The time at which a run ends, whatever it is at."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class DeadlineReached(BaseException):
    """The time is over. Like an interruption, it is not for `except Exception`."""


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Leave the block, silently, when it has lasted so many seconds.

    Budgets keep a run within its time as far as races can be foreseen. On a machine that is busy with
    something else one can take a hundred times as long: threads that wait for each other wait for a
    processor. What runs in the block's own thread is left at the next line of Python.

    Args:
        seconds: How many; None for no end. There is none either where the system has no alarms (Windows),
            and outside of the main thread.
    """
    has_alarm = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not has_alarm:
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    except DeadlineReached:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise(_signal: int, _frame: FrameType | None) -> None:
    raise DeadlineReached

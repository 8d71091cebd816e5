"""How a stream ends before its time: Ctrl-C, the termination signal, nobody who reads on."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from recurra.cli import screen
from recurra.errors import RecurraError

PIPE_CLOSED = 141
TERMINATED = 143


class Stopped(BaseException):
    """A signal asked the stream to end.

    Args:
        code: The exit code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Signals:
    """Ctrl-C and the termination signal: they end the stream where it waits for others, and nowhere else.

    So a row is taken whole or not at all, and nothing cuts the writing of the state short.
    """

    def __init__(self) -> None:
        self._stop: Stopped | None = None
        self._waits = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Handle signals in the block; one that came in it takes effect at the latest at its end."""
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        self.check()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """In the block signals take effect at once."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False

    def check(self) -> None:
        """Let a signal that came before take effect.

        Raises:
            Stopped: One came.
        """
        if self._stop is not None:
            raise self._stop

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._stop = Stopped(screen.INTERRUPTED if number == signal.SIGINT else TERMINATED)
        if self._waits:
            raise self._stop


def under_signals(run: Callable[[Signals], int]) -> int:
    """Run something, and tell how it ended.

    Returns:
        Its exit code; 130 after Ctrl-C, 143 after the termination signal, after an error of ours its own.
    """
    signals = Signals()
    try:
        with signals.caught():
            code = run(signals)
    except Stopped as stop:
        screen.note("interrupted")
        return stop.code
    except RecurraError as error:
        screen.complain(error)
        return error.exit_code
    return code


def nobody_reads() -> None:
    """After a broken pipe: let nothing be written any more, so that Python does not complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

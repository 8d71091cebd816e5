"""The lines of stdin as they come, and what loops over them share; nothing here imports torch."""

import sys
from collections.abc import Iterator

from recurra.cli.interruption import Signals

NONE_USABLE = 2
"""The exit code where no line could be used."""
MOST_TOLD = 10
"""How many faults are told one by one."""


def lines(signals: Signals) -> Iterator[str]:
    """The lines of stdin, each as soon as it is there; bytes that are no UTF-8 become surrogates.

    Raises:
        Stopped: A signal came.
    """
    number = 0
    while True:
        with signals.waiting():
            signals.check()
            line = sys.stdin.buffer.readline()
        if not line:
            return
        number += 1
        yield line.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape")

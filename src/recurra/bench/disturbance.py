"""How much the machine did for others meanwhile."""

import os
import time
from pathlib import Path

STATISTICS = Path("/proc/stat")
IDLE = (3, 4)  # the columns of the kernel's statistics in which nothing was done


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

"""The machine that a command runs on."""

import os
import platform
from pathlib import Path

from recurra.cli import screen

DISTURBED = 0.05
"""The share of the processors' time that other programs may take before that is said."""
DESCRIPTION = Path("/proc/cpuinfo")


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    if DESCRIPTION.exists():
        for line in DESCRIPTION.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many this process may use, where the system says so."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def tell_disturbance(share: float) -> None:
    """Warn of times that were taken while other programs had that share of the processors' time."""
    if share > DISTURBED:
        screen.warn(
            f"Other programs took {share:.0%} of the processors meanwhile; a quiet machine is fairer."
        )

"""The machine that a command runs on."""

import os
import platform
from pathlib import Path

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

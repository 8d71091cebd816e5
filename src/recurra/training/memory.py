"""Memory that does not suffice, told as an error of ours whoever finds it: torch, NumPy or Python."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from recurra.errors import OutOfMemoryError, RecurraError
from recurra.training.config import TrainingConfig
from recurra.training.setting import remedy_for_memory

_CPU_ALLOCATOR = "DefaultCPUAllocator"  # what torch's error, which has no class of its own, names on a CPU


@contextmanager
def memory_errors(config: TrainingConfig) -> Iterator[None]:
    """Tell that memory ran out in the block.

    Raises:
        OutOfMemoryError: It did; the message names the settings to lower, as they are.
    """
    try:
        yield
    except RecurraError:
        raise
    except (MemoryError, RuntimeError) as error:
        if not _ran_out(error):
            raise
        raise OutOfMemoryError(
            f"training ran out of memory{_wanted(error)}",
            "sizes that the memory of the device holds",
            remedy_for_memory(config),
        ) from error


def _ran_out(error: Exception) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or _CPU_ALLOCATOR in str(error)


def _wanted(error: Exception) -> str:
    """How much it was asked for, where the message says so: torch in bytes on a CPU, others in a unit."""
    found = re.search(r"to allocate ([\d.]+) (\w+)", str(error))
    if found is None:
        return ""
    number, unit = float(found[1]), found[2]
    if unit == "bytes":
        number, unit = number / 2**30, "GiB"
    return f" when it asked for {number:,.1f} {unit}"

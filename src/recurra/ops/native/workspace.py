"""Memory that a call needs only while it runs.

Fresh memory costs a page fault every 4 KiB when it is first touched, which can take longer than the
arithmetic. So what large calls need is kept, once in the process, for the next call.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.utils import deterministic

LEAST = 1 << 16
"""Numbers; what is smaller comes from the allocator, which has such memory at hand."""

MOST = 1 << 26
"""Bytes (64 MiB) that are kept; what is larger goes back to the system."""

CACHE_LINE = 16
"""Numbers; each piece begins at one, as a tensor of its own does."""

_kept: list[Tensor] = []  # at most one


class Workspace:
    """Pieces of one block of memory."""

    def __init__(self, block: Tensor) -> None:
        self._block = block
        self.used = 0

    def room(self, count: int, size: int) -> Tensor:
        """Room for (count, size); its numbers are anything."""
        numbers, begin = count * size, self.used
        if numbers < LEAST:
            return self._block.new_empty(count, size)
        self.used += (numbers + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE
        if self.used > len(self._block):
            return self._block.new_empty(count, size)
        piece = self._block.as_strided((count, size), (size, 1), begin)
        if _fills_fresh_memory():
            piece.fill_(torch.nan)  # as torch does with fresh memory, so that nobody reads what is left there
        return piece


@contextmanager
def borrowed(dtype: torch.dtype) -> Iterator[Workspace]:
    """A workspace, whose pieces are valid until the end of the `with` block."""
    try:
        block = _kept.pop()  # nobody else has it now, whatever thread they run in
    except IndexError:
        block = torch.empty(0, dtype=dtype)
    if block.dtype != dtype:
        block = torch.empty(0, dtype=dtype)
    workspace = Workspace(block)
    yield workspace
    if len(block) < workspace.used <= MOST // dtype.itemsize:
        with torch.inference_mode(mode=False):  # a tensor made in it could not be written outside
            block = torch.empty(workspace.used, dtype=dtype)
    if not _kept:
        _kept.append(block)


def _fills_fresh_memory() -> bool:
    """Whether torch fills memory that nobody has written yet."""
    return torch.are_deterministic_algorithms_enabled() and bool(
        deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    )

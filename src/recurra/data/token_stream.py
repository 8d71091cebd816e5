"""Batches of a long stream of symbols: every row goes through a stretch of it, batch after batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from recurra.data.token_store import TokenStore

_SHORTEST = 5
_SPREAD = 5.0
_HALVES = 0.05  # share of windows that are half as long


@dataclass(frozen=True, eq=False)
class TokenBatch:
    """Symbols and those that follow them.

    Attributes:
        inputs: (batch, time) what is read.
        targets: (batch, time) what comes next; -100 where that counts for nothing.
    """

    inputs: Int64[Tensor, "batch time"]
    targets: Int64[Tensor, "batch time"]

    def __len__(self) -> int:
        return len(self.inputs)

    def to(self, device: torch.device | str) -> "TokenBatch":
        """The same batch on another device."""
        return TokenBatch(self.inputs.to(device), self.targets.to(device))

    def shard(self, rank: int, world_size: int) -> "TokenBatch":
        """The rows `rank`, `rank + world_size`, ..."""
        return TokenBatch(self.inputs[rank::world_size], self.targets[rank::world_size])

    def chunks(self, steps: int) -> Iterator["TokenBatch"]:
        """Pieces along time."""
        for begin in range(0, self.inputs.shape[1], steps):
            end = begin + steps
            yield TokenBatch(self.inputs[:, begin:end], self.targets[:, begin:end])


@dataclass(frozen=True, eq=False)
class TokenStream:
    """All batches of an epoch: row r goes through the r-th of equal stretches of a corpus.

    A batch goes on where the one before it ended, so the state may be carried on
    (`recurra.training.contract.ContinuingSource`). What remains at the end, fewer symbols than rows, is left
    out.

    Attributes:
        tokens: The corpus.
        batch_size: Rows; no more than there are symbols.
        steps: Steps of a batch; on average, where they vary.
        start: What is read before the first symbol of all.
        seed: Where all randomness starts.
        vary: Whether batches differ in length, drawn anew in every epoch (Merity, Keskar & Socher 2018), so
            that gradients are not cut at the same places.
    """

    tokens: TokenStore
    batch_size: int
    steps: int
    start: int
    seed: int = 0
    vary: bool = False

    @property
    def length(self) -> int:
        """Steps of a row in an epoch."""
        return len(self.tokens) // self.batch_size

    def __len__(self) -> int:
        return max(1, -(-self.length // self.steps))

    def continues(self, epoch: int, index: int) -> bool:
        """Always, within an epoch."""
        del epoch
        return index > 0

    def batch(self, epoch: int, index: int) -> TokenBatch:
        """Batch `index` of epoch `epoch`."""
        ends = _ends(self.length, len(self), (self.seed, epoch) if self.vary else None)
        begin, end = int(ends[index]), int(ends[index + 1])
        starts = np.arange(self.batch_size) * self.length
        targets = self.tokens.rows(begin, end, starts)
        before = [
            int(self.tokens.read(at - 1, at)[0]) if at else self.start for at in (starts + begin).tolist()
        ]
        inputs = np.concatenate([np.array(before)[:, None], targets[:, :-1]], axis=1)
        return TokenBatch(torch.from_numpy(inputs), torch.from_numpy(targets))


@lru_cache(maxsize=4)
def _ends(length: int, batches: int, drawn: tuple[int, int] | None) -> Int64[np.ndarray, " ends"]:
    """Where batches begin, and the end of the last one."""
    if drawn is None or length < 2 * _SHORTEST * batches:
        return np.asarray(np.round(np.linspace(0, length, batches + 1)), np.int64)
    seed, epoch = drawn
    random = np.random.Generator(np.random.Philox(key=seed, counter=[0, 5, 0, epoch]))
    mean = length / batches
    sizes = np.where(random.random(batches) < _HALVES, mean / 2, mean)
    sizes = np.maximum(sizes + random.normal(0, _SPREAD, batches), _SHORTEST)
    ends = np.concatenate([[0.0], np.cumsum(sizes)])
    return np.asarray(np.round(ends * (length / ends[-1])), np.int64)

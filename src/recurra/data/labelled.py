"""Sequences with what is to be said of them: a batch to train on, and all batches of an epoch by length."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from recurra.data.on_demand import lengths_of
from recurra.errors import ConfigError
from recurra.types import Sequences

_POOL = 32  # batches that are sorted by length together: padding stays small, batches still differ


@dataclass(frozen=True, eq=False)
class Labelled:
    """Sequences and their targets.

    Attributes:
        sequences: What the net reads.
        target: (batch, ...) one for each row, or (batch, time, ...) one for each step.
        aligned: Whether targets are sequences, too: one for each step, or of lengths of their own.
    """

    sequences: Sequences
    target: Tensor
    aligned: bool

    def __len__(self) -> int:
        return len(self.sequences)

    def to(self, device: torch.device | str) -> "Labelled":
        """The same batch on another device."""
        return Labelled(self.sequences.to(device), self.target.to(device), self.aligned)

    def shard(self, rank: int, world_size: int) -> "Labelled":
        """The rows `rank`, `rank + world_size`, ..."""
        return Labelled(
            self.sequences.rows(slice(rank, None, world_size)), self.target[rank::world_size], self.aligned
        )

    def chunks(self, steps: int) -> Iterator["Labelled"]:
        """Pieces along time, where there is a target for each step.

        Raises:
            ConfigError: There is one target for each row, which the last step alone can be held to.
        """
        if not self.aligned:
            raise ConfigError(
                f"tbptt_steps is {steps} with one target a sequence",
                "none: only the whole sequence can be held to its target",
                "Leave tbptt_steps out, or set max_length.",
            )
        for number, piece in enumerate(self.sequences.chunks(steps)):
            yield Labelled(piece, self.target[:, number * steps : (number + 1) * steps], aligned=True)


@dataclass(frozen=True)
class LabelledSource:
    """All batches of an epoch, of rows of about equal length; pure, as `BatchSource` asks.

    Attributes:
        encoded: An array (time, ...) for each row.
        targets: For each row its target, or an array (time, ...) of them.
        aligned: Whether there is a target for each step.
        batch_size: Rows a batch.
        seed: Where all randomness starts.
        varied: From the number of a row to the row as training sees it this time; None: as it is encoded.
    """

    encoded: Sequence[np.ndarray]
    targets: Sequence[Any]
    aligned: bool
    batch_size: int
    seed: int
    varied: Callable[[int, np.random.Generator], np.ndarray] | None = None
    _orders: dict[int, list[Int64[np.ndarray, " rows"]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # that of the epoch that was last asked for

    def __len__(self) -> int:
        return math.ceil(len(self.encoded) / self.batch_size)

    def batch(self, epoch: int, index: int) -> Labelled:
        """Batch `index` of epoch `epoch`: new pools of rows in every epoch, each sorted by length."""
        rows = self._order(epoch)[index]
        random = np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 2, index, epoch]))
        if self.varied is None:
            encoded = [self.encoded[row] for row in rows]
        else:
            encoded = [self.varied(int(row), random) for row in rows]
        return labelled(encoded, [self.targets[row] for row in rows], aligned=self.aligned)

    @cached_property
    def _lengths(self) -> Int64[np.ndarray, " rows"]:
        return lengths_of(self.encoded)

    def _order(self, epoch: int) -> list[Int64[np.ndarray, " rows"]]:
        """The rows of every batch of an epoch."""
        if epoch not in self._orders:
            self._orders.clear()
            self._orders[epoch] = self._drawn(epoch)
        return self._orders[epoch]

    def _drawn(self, epoch: int) -> list[Int64[np.ndarray, " rows"]]:
        random = np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 3, 0, epoch]))
        rows = random.permutation(len(self.encoded))
        lengths, size = self._lengths, self.batch_size * _POOL
        pools = [rows[begin : begin + size] for begin in range(0, len(rows), size)]
        ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
        batches = np.split(ordered, range(self.batch_size, len(ordered), self.batch_size))
        return [batches[place] for place in random.permutation(len(batches))]


def labelled(encoded: Sequence[np.ndarray], targets: Sequence[Any], *, aligned: bool) -> Labelled:
    """Pad some rows to a batch; targets past a row's end are -100 where they are whole numbers, else 0."""
    sequences = Sequences.from_list(encoded)
    if not aligned:
        return Labelled(sequences, torch.from_numpy(np.stack(targets)), aligned=False)
    rows = [torch.from_numpy(np.asarray(target)) for target in targets]
    padding = -100 if not rows[0].is_floating_point() else 0
    target = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=padding)
    return Labelled(sequences, target, aligned=True)


def batches_by_length(
    encoded: Sequence[np.ndarray], batch_size: int
) -> Iterator[tuple[Int64[np.ndarray, " rows"], Sequences]]:
    """All rows once, those of about equal length together: their numbers, and the padded batch."""
    order = np.argsort(lengths_of(encoded), kind="stable")
    for begin in range(0, len(order), batch_size):
        rows = order[begin : begin + batch_size]
        yield rows, Sequences.from_list([encoded[row] for row in rows])

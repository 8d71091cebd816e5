"""Problems whose answer lies a known number of steps back, made anew for every batch.

A batch depends on the seed, the epoch and its index alone, so that runs are repeatable and can be resumed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

SYMBOLS = 8  # that are to be copied; 8 is the blank, 9 asks for them
COPIED = 10  # symbols


@dataclass(frozen=True)
class Case:
    """Some rows.

    Attributes:
        inputs: (batch, time, features).
        targets: (batch,) a number each, or (batch, time) classes, -100 where none is told.
    """

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def to(self, device: torch.device) -> "Case":
        """See `recurra.training.contract.Batch`."""
        return Case(self.inputs.to(device), self.targets.to(device))

    def shard(self, rank: int, world_size: int) -> "Case":
        """See `recurra.training.contract.Batch`."""
        return Case(self.inputs[rank::world_size], self.targets[rank::world_size])

    def chunks(self, steps: int) -> Iterator["Case"]:
        """Whole sequences: what is asked for lies far back."""
        del steps
        yield self


class Cases(NamedTuple):
    """A source of batches.

    Attributes:
        make: From rows and a generator to a case.
        rows: Of a batch.
        batches: Of an epoch.
        seed: Where all of it starts.
    """

    make: Callable[[int, torch.Generator], Case]
    rows: int
    batches: int
    seed: int

    def __len__(self) -> int:
        return self.batches

    def batch(self, epoch: int, index: int) -> Case:
        """See `recurra.training.contract.BatchSource`."""
        number = self.seed * 1_000_003 + epoch * self.batches + index
        return self.make(self.rows, torch.Generator().manual_seed(number))


def adding(steps: int) -> Callable[[int, torch.Generator], Case]:
    """Two of many numbers between 0 and 1 are marked, one in either half; told is their sum.

    Source: Hochreiter & Schmidhuber (1997), as Le, Jaitly & Hinton (2015) have it. Telling 1 always gives a
    mean squared error of 1/6.
    """

    def make(rows: int, random: torch.Generator) -> Case:
        values = torch.rand(rows, steps, generator=random)
        half = steps // 2
        first = torch.randint(half, (rows,), generator=random)
        second = torch.randint(half, steps, (rows,), generator=random)
        marks = torch.zeros(rows, steps)
        row = torch.arange(rows)
        marks[row, first] = marks[row, second] = 1
        return Case(torch.stack([values, marks], dim=-1), values[row, first] + values[row, second])

    return make


def copying(blanks: int) -> Callable[[int, torch.Generator], Case]:
    """Ten of eight symbols, blanks, a sign that asks for them, and their places to write them in.

    Source: Hochreiter & Schmidhuber (1997), as Arjovsky, Shah & Bengio (2016) have it. Telling blanks, then
    any symbol, gives a loss of 10 ln 8 / (blanks + 20).
    """

    def make(rows: int, random: torch.Generator) -> Case:
        told = torch.randint(SYMBOLS, (rows, COPIED), generator=random)
        time = blanks + 2 * COPIED
        ids = torch.full((rows, time), SYMBOLS)
        ids[:, :COPIED] = told
        ids[:, COPIED + blanks - 1] = SYMBOLS + 1
        targets = torch.full((rows, time), SYMBOLS)
        targets[:, -COPIED:] = told
        inputs = torch.nn.functional.one_hot(ids, SYMBOLS + 2).float()
        return Case(inputs, targets)

    return make


def recalling(steps: int) -> Callable[[int, torch.Generator], Case]:
    """The first two steps are up or down by 1, then comes noise (deviation 0.3); told at the end is which.

    Source: Bengio, Simard & Frasconi (1994), for the problem.
    """

    def make(rows: int, random: torch.Generator) -> Case:
        up = torch.randint(2, (rows,), generator=random)
        values = 0.3 * torch.randn(rows, steps, 1, generator=random)
        values[:, :2] += (2.0 * up - 1).view(-1, 1, 1)
        return Case(values, up)

    return make


def echoing(lag: int) -> Callable[[int, torch.Generator], Case]:
    """At every step of 60 the symbol, of two, that stood so many steps before."""

    def make(rows: int, random: torch.Generator) -> Case:
        ids = torch.randint(2, (rows, 60), generator=random)
        targets = torch.full((rows, 60), -100)
        targets[:, lag:] = ids[:, : 60 - lag]
        return Case(torch.nn.functional.one_hot(ids, 2).float(), targets)

    return make


def two_parts(steps: int, far: int) -> Callable[[int, torch.Generator], Case]:
    """Four signs over noise: three in the last step, one so many steps before it; told are all at the end."""

    def make(rows: int, random: torch.Generator) -> Case:
        signs = torch.randint(2, (rows, 4), generator=random)
        values = 0.3 * torch.randn(rows, steps, 4, generator=random)
        values[:, -1, 1:] += 2.0 * signs[:, 1:] - 1
        values[:, -1 - far, 0] += 2.0 * signs[:, 0] - 1
        return Case(values, signs)

    return make


def by_heart(steps: int, rows_known: int) -> Callable[[int, torch.Generator], Case]:
    """Few rows of noise whose class only weakly shows; training sees the same ones again and again."""

    def make(rows: int, random: torch.Generator) -> Case:
        up = torch.randint(2, (rows,), generator=random)
        values = torch.randn(rows, steps, 3, generator=random)
        values[:, -3:, 0] += 0.6 * (2.0 * up - 1).unsqueeze(1)
        return Case(values, up)

    known = make(rows_known, torch.Generator().manual_seed(rows_known))

    def drawn(rows: int, random: torch.Generator) -> Case:
        index = torch.randint(rows_known, (rows,), generator=random)
        return Case(known.inputs[index], known.targets[index])

    return drawn

"""The races of a section of training: its cells at every size, with every number of threads."""

from collections.abc import Callable, Sequence
from functools import partial

import torch

from recurra.bench import limit
from recurra.bench.case import Case
from recurra.bench.choice import Choice
from recurra.bench.entrant import Entrant
from recurra.bench.race import Race
from recurra.bench.training.task import SEED, TOLERANCE

UNIT, LIMIT = "GFLOP/s", "torch's product of two large matrices"


def sweep(
    choice: Choice,
    cells: Sequence[str],
    entrants: Callable[[Case], list[Entrant]],
    work: Callable[[Case], float],
) -> list[Race]:
    """The races, in the order of importance.

    Args:
        choice: What is to be raced.
        cells: Those that the section has.
        entrants: Builds everybody at one size, ours first.
        work: The floating-point operations of ours.
    """
    cases = [
        Case("train", cell, batch, time, hidden, threads)
        for batch, time, hidden in choice.sizes()
        for cell in choice.cells_among(cells)
        for threads in choice.thread_counts()
    ]
    return [
        Race(
            case,
            partial(_always_the_same, entrants, case),
            work(case),
            partial(limit.product_rate, case.threads),
            TOLERANCE,
        )
        for case in cases
    ]


def _always_the_same(entrants: Callable[[Case], list[Entrant]], case: Case) -> list[Entrant]:
    """With weights that are drawn alike in every run."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return entrants(case)

"""Entrants that compute one number and count how often they ran, and a clock that runs move on."""

from collections.abc import Callable, Sequence

import numpy as np

from recurra.bench.race import OURS, Case, Entrant, Race, Standing
from recurra.bench.schedule import Section, Table
from recurra.bench.stopwatch import Timing


class Clock:
    """Seconds that pass only when somebody says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def running(self, seconds: float, done: Callable[[], object] = lambda: None) -> Callable[[], object]:
        """A run that takes so long."""

        def run() -> None:
            self.now += seconds
            done()

        return run


class Counted:
    """A run that is counted, and what it computes."""

    def __init__(self, name: str, result: float) -> None:
        self.runs = 0
        self.name, self.result = name, result

    def __call__(self) -> None:
        self.runs += 1

    def entrant(self, share: float = 1.0) -> Entrant:
        return Entrant(self.name, self, lambda: {"outputs": np.array([self.result])}, share)


def case(batch: int = 3, cell: str = "lstm", threads: int = 1) -> Case:
    return Case("train", cell, batch, 5, 7, threads)


def race(*entrants: Counted, of: Case | None = None) -> Race:
    return Race(of or case(), lambda: [each.entrant() for each in entrants], 2e9, lambda: 1e12, 1e-5)


def equal_race(of: Case) -> Race:
    return race(Counted(OURS, 1.0), Counted("torch.nn", 1.0), of=of)


def table(
    *races: Race,
    standings: Sequence[Standing] = (),
    peers: Sequence[str] = ("torch.nn", "jax"),
    weight: float = 1.0,
) -> Table:
    section = Section("train", "Training", peers, "GFLOP/s", "the best", weight, lambda *_: races)
    return Table(section, peers, races, list(standings))


def standing(ours: float, of: Case | None = None, **peers: float) -> Standing:
    """Times in microseconds; `torch_nn` stands for torch.nn."""
    times = {name.replace("_", "."): Timing(time, 0.01, 3) for name, time in peers.items()}
    return Standing(of or case(), Timing(ours, 0.02, 5), times, {}, 12.3e9, 0.45)

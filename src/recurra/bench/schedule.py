"""Running races within a time: as many of the most important ones as fit, the rest is named."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from recurra.bench.case import Case
from recurra.bench.race import Race, run_race
from recurra.bench.section import Section
from recurra.bench.standing import Standing
from recurra.bench.stopwatch import FEWEST_ROUNDS
from recurra.bench.threads import limited
from recurra.training.progress import Bar, Progress

LEAST_SECONDS, MOST_SECONDS = 0.1, 5.0  # that a race is timed for, however much time there is

Clock = Callable[[], float]


class Budget:
    """A time that is spent.

    Args:
        seconds: How much there is.
        clock: Tells the time in seconds.
    """

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, less than 0 when it is overdrawn."""
        return self._end - self._clock()

    def part(self, share: float) -> "Budget":
        """A share of what is left, to be spent now."""
        return Budget(share * self.left, self._clock)


class Table(NamedTuple):
    """What a section came to.

    Attributes:
        section: The section.
        standings: What its races found; empty at first, and filled as they end.
        left_out: The races that there was no time for; empty at first, and filled at the end.
    """

    section: Section
    standings: list[Standing]
    left_out: list[Case]


def run_sections(tables: Sequence[Table], budget: Budget, progress: Progress) -> None:
    """Run all sections' races and fill in their tables, the weightiest section first.

    Every section gets its share of the time that is left, so that what one does not need goes to the next.
    What is left in the end goes to those that could not run all of their races.
    """
    queues = [_Queue(table) for table in sorted(tables, key=lambda table: -table.section.weight)]
    try:
        with progress.bar("races", sum(len(table.section.races) for table in tables)) as bar:
            while _run_once(queues, budget, bar):
                pass
    finally:
        for queue in queues:
            queue.table.left_out.extend(race.case for race in queue.waiting)


def _run_once(queues: "Sequence[_Queue]", budget: Budget, bar: Bar) -> int:
    """Run what there is time for in every section: how many races these were."""
    queues = [queue for queue in queues if queue.waiting]
    weights = [queue.table.section.weight for queue in queues]
    return sum(
        queue.run(budget.part(weights[place] / sum(weights[place:])), bar)
        for place, queue in enumerate(queues)
    )


class _Queue:
    """The races of a section that have not run yet."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.waiting = list(table.section.races)

    def run(self, budget: Budget, bar: Bar) -> int:
        """Run those that the time is enough for: how many these were."""
        before = len(self.waiting)
        for race in list(self.waiting):
            if budget.left <= self._least_seconds(race):
                continue
            bar.advance(0, description=self.table.section.title, note=str(race.case))
            with limited(race.case.threads):
                self.table.standings.append(run_race(race, self._seconds(race, budget.left)))
            self.waiting.remove(race)
            bar.advance()
        return before - len(self.waiting)

    def _seconds(self, race: Race, left: float) -> float:
        """How long to race: as long as it takes, and a part of what nobody needs, by the work."""
        share = race.work / sum(each.work for each in self.waiting)
        spare = max(0.0, left - sum(map(self._least_seconds, self.waiting)))
        return min(MOST_SECONDS, max(LEAST_SECONDS, self._least_seconds(race) + share * spare))

    def _least_seconds(self, race: Race) -> float:
        """What a race takes at least, going by those of the same cell that ran."""
        paces = [
            standing.pace
            for standing in self.table.standings
            if (standing.case.cell, standing.case.threads) == (race.case.cell, race.case.threads)
        ]
        return (1 + FEWEST_ROUNDS) * race.work * min(paces, default=0.0)

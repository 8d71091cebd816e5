"""Running races within a time: as many of the most important ones as fit, the rest is named."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import NamedTuple

from recurra.bench.choice import Choice
from recurra.bench.machine import limited
from recurra.bench.race import Race, Standing, run_race
from recurra.bench.stopwatch import FEWEST_ROUNDS, Clock
from recurra.training.progress import Bar, Progress

LEAST_SECONDS, MOST_SECONDS = 0.1, 5.0  # that a race is timed for, however much time there is


class Section(NamedTuple):
    """Races that share a table, before anything is chosen.

    Attributes:
        suite: "train", "stream" or "pool".
        title: What is raced, in a few words.
        peers: Everybody who can be raced against.
        unit: Of the rate: "GFLOP/s" or "GB/s".
        limit: What the rate is compared with.
        weight: The share of the time that these races get, relative to other sections.
        races: Those against some peers that are chosen, in the order of importance.
    """

    suite: str
    title: str
    peers: Sequence[str]
    unit: str
    limit: str
    weight: float
    races: Callable[[Choice, Sequence[str]], Sequence[Race]]


@dataclass
class Table:
    """The chosen races of a section, and what they came to.

    Attributes:
        section: The section.
        peers: Everybody who is raced against.
        races: In the order of importance.
        standings: What the races found that have ended.
        waiting: The races that have not run yet; in the end, those that there was no time for.
    """

    section: Section
    peers: Sequence[str]
    races: Sequence[Race]
    standings: list[Standing] = field(default_factory=list)
    waiting: list[Race] = field(init=False)

    def __post_init__(self) -> None:
        self.waiting = list(self.races)

    def run(self, end: float, bar: Bar, clock: Clock) -> int:
        """Run the races that the time is enough for: how many these were."""
        before = len(self.waiting)
        for race in list(self.waiting):
            if end - clock() <= self._least_seconds(race):
                continue
            bar.advance(0, description=self.section.title, note=str(race.case))
            with limited(race.case.threads):
                self.standings.append(run_race(race, self._seconds(race, end - clock())))
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
            for standing in self.standings
            if (standing.case.cell, standing.case.threads) == (race.case.cell, race.case.threads)
        ]
        return (1 + FEWEST_ROUNDS) * race.work * min(paces, default=0.0)


def run_tables(
    tables: Sequence[Table], end: float, progress: Progress, clock: Clock = time.monotonic
) -> None:
    """Run all tables' races, those of the weightiest section first.

    Every table gets its share of the time that is left, so that what one does not need goes to the next.
    What is left in the end goes to those that could not run all of their races.

    Args:
        tables: Filled in as races end.
        end: When to have ended.
        progress: Shows how many races have run.
        clock: Tells the time in seconds.
    """
    by_weight = sorted(tables, key=lambda table: -table.section.weight)
    with progress.bar("races", sum(len(table.races) for table in tables)) as bar:
        while _run_once([table for table in by_weight if table.waiting], end, bar, clock):
            pass


def _run_once(tables: Sequence[Table], end: float, bar: Bar, clock: Clock) -> int:
    """Run what there is time for in every table: how many races these were."""
    weights, count = [table.section.weight for table in tables], 0
    for place, table in enumerate(tables):
        share = weights[place] / sum(weights[place:])
        count += table.run(clock() + share * (end - clock()), bar, clock)
    return count


class DeadlineReached(BaseException):
    """The time is over. Like an interruption, it is not for `except Exception`."""


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Leave the block, silently, when it has lasted so many seconds.

    Budgets keep a run within its time as far as races can be foreseen. On a machine that is busy with
    something else one can take a hundred times as long: threads that wait for each other wait for a
    processor. What runs in the block's own thread is left at the next line of Python.

    Args:
        seconds: How many; None for no end. There is none either where the system has no alarms (Windows),
            and outside of the main thread.
    """
    has_alarm = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not has_alarm:
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    except DeadlineReached:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise(_signal: int, _frame: FrameType | None) -> None:
    raise DeadlineReached

"""What is raced: a cell at a size, with a number of threads."""

from typing import NamedTuple


class Case(NamedTuple):
    """One line of the results.

    Attributes:
        suite: "train", "stream" or "pool".
        cell: One of `recurra.bench.choice.CELLS`.
        batch: Rows, or sessions that step at once.
        time: Steps of a run.
        hidden: Hidden units, and features of the input.
        threads: How many threads everybody has.
    """

    suite: str
    cell: str
    batch: int
    time: int
    hidden: int
    threads: int

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.cell}, batch {self.batch}, time {self.time}, hidden {self.hidden}, {threads}"

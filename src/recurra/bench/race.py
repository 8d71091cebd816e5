"""Ours beside the peers at one size: first whether they agree, then how long each takes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from recurra.bench.parity import Difference, Results, differences
from recurra.bench.stopwatch import Timing, take_turns

OURS = "recurra"


class Case(NamedTuple):
    """What is raced, one line of the results.

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


class Entrant(NamedTuple):
    """One implementation, ready to run.

    Attributes:
        name: The peer's name, or `OURS`.
        run: The work whose time is taken.
        results: What ours is to compute, by names that all entrants share. An entrant that does other work,
            such as reading memory, gives the results of a peer that does the same.
        share: The part of a run's time that is reported: 1 / steps for the time of a step.
    """

    name: str
    run: Callable[[], object]
    results: Callable[[], Results]
    share: float = 1.0


class Race(NamedTuple):
    """What is to be raced, not built yet.

    Attributes:
        case: The cell, the size and the threads.
        assemble: Builds the entrants, ours first.
        work: What one reported run of ours does: floating-point operations, or bytes read.
        limit: Measures how much of that the machine does in a second.
        tolerance: How far results may differ, relative to the largest number of a tensor.
    """

    case: Case
    assemble: Callable[[], Sequence[Entrant]]
    work: float
    limit: Callable[[], float]
    tolerance: float


class Standing(NamedTuple):
    """What a race found.

    Attributes:
        case: The cell, the size and the threads.
        ours: Our time.
        peers: The times of the peers that agree with ours, by name.
        refused: The peers that do not, with what differs.
        rate: What ours did in a second: floating-point operations, or bytes read.
        limit_share: That as a share of what the machine can do.
    """

    case: Case
    ours: Timing
    peers: Mapping[str, Timing]
    refused: Mapping[str, Sequence[Difference]]
    rate: float
    limit_share: float

    def ratio(self, peer: str) -> float:
        """How many times as fast as a peer ours is."""
        return self.peers[peer].microseconds / self.ours.microseconds

    @property
    def pace(self) -> float:
        """Seconds that ours and the peers together take for one operation, or byte."""
        return (1 + sum(map(self.ratio, self.peers))) / self.rate

    def rows(self) -> list[dict[str, Any]]:
        """The figures for programs: one row for every peer, times in microseconds."""
        return [
            {
                **self.case._asdict(),
                "peer": peer,
                "ours_us": round(self.ours.microseconds, 3),
                "peer_us": round(timing.microseconds, 3),
                "ratio": round(self.ratio(peer), 3),
            }
            for peer, timing in self.peers.items()
        ]


def run_race(race: Race, seconds: float) -> Standing:
    """Race for about so many seconds. A peer that ours disagrees with is not timed."""
    ours, *peers = race.assemble()
    mine = ours.results()
    found = {peer.name: differences(mine, peer.results(), race.tolerance) for peer in peers}
    racing = [ours, *(peer for peer in peers if not found[peer.name])]
    timings = take_turns([entrant.run for entrant in racing], seconds)
    first, *others = (
        timing._replace(microseconds=timing.microseconds * entrant.share)
        for entrant, timing in zip(racing, timings, strict=True)
    )
    times = dict(zip([peer.name for peer in racing[1:]], others, strict=True))
    refused = {name: differing for name, differing in found.items() if differing}
    rate = 1e6 * race.work / first.microseconds
    return Standing(race.case, first, times, refused, rate, rate / race.limit())

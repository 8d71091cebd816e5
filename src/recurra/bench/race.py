"""Ours beside the peers at one size: first whether they agree, then how long each takes."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from recurra.bench.case import Case
from recurra.bench.entrant import Entrant
from recurra.bench.parity import Difference, differences
from recurra.bench.standing import Standing
from recurra.bench.stopwatch import take_turns


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


def run_race(race: Race, seconds: float) -> Standing:
    """Race for about so many seconds. A peer that ours disagrees with is not timed."""
    ours, *peers = race.assemble()
    refused = _disagreements(ours, peers, race.tolerance)
    racing = [ours, *(peer for peer in peers if peer.name not in refused)]
    timings = take_turns([entrant.run for entrant in racing], seconds)
    reported = {
        entrant.name: timing._replace(microseconds=timing.microseconds * entrant.share)
        for entrant, timing in zip(racing, timings, strict=True)
    }
    first = reported.pop(ours.name)
    rate = 1e6 * race.work / first.microseconds
    return Standing(race.case, first, reported, refused, rate, rate / race.limit())


def _disagreements(ours: Entrant, peers: Sequence[Entrant], tolerance: float) -> dict[str, list[Difference]]:
    mine = ours.results()
    found = {peer.name: differences(mine, peer.results(), tolerance) for peer in peers}
    return {name: differing for name, differing in found.items() if differing}

"""Geometric means of what races found, beside the targets."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from recurra.bench.case import Case
from recurra.bench.choice import BATCHES, HIDDEN_SIZES, TIMES
from recurra.bench.schedule import Table
from recurra.bench.target import Target, target_of

Key = tuple[str, str, str, int, int | None]


class Mean(NamedTuple):
    """The geometric mean of the ratios of one cell to one peer over the sizes raced.

    Attributes:
        suite: The suite.
        cell: The cell.
        peer: The peer.
        threads: How many threads both had.
        hidden: The hidden size; None where sizes are averaged, as those of training are.
        ratio: The geometric mean.
        lowest: The lowest ratio.
        sizes: How many sizes it is over.
        planned: How many there would have been, had there been time and agreement.
        target: What it is to reach; None where nothing is set.
        is_met: Whether it does; None where there is no target, or a size of it is missing.
    """

    suite: str
    cell: str
    peer: str
    threads: int
    hidden: int | None
    ratio: float
    lowest: float
    sizes: int
    planned: int
    target: Target | None
    is_met: bool | None


def means(tables: Sequence[Table]) -> list[Mean]:
    """The means of every cell, peer and number of threads, table by table."""
    return [mean for table in tables for mean in _means(table)]


def _means(table: Table) -> list[Mean]:
    ratios = {
        (standing.case, peer): standing.ratio(peer) for standing in table.standings for peer in standing.peers
    }
    planned: dict[Key, list[Case]] = {}
    for peer in table.section.peers:
        for race in table.section.races:
            planned.setdefault(_key(race.case, peer), []).append(race.case)
    found = []
    for key, cases in planned.items():
        target, counted = _counted(cases, key[2])
        known = [ratios[case, key[2]] for case in counted if (case, key[2]) in ratios]
        if known:
            is_met = target.is_met(known) if target is not None and len(known) == len(counted) else None
            mean = statistics.geometric_mean(known)
            found.append(Mean(*key, mean, min(known), len(known), len(counted), target, is_met))
    return found


def _key(case: Case, peer: str) -> Key:
    return case.suite, case.cell, peer, case.threads, None if case.suite == "train" else case.hidden


def _counted(cases: Sequence[Case], peer: str) -> tuple[Target | None, Sequence[Case]]:
    """The target of some cases and those that count for it; none, and all, where not all of its are there."""
    targets = {case: target_of(case, peer) for case in cases}
    counted = [case for case in cases if targets[case] is not None]
    target = targets[counted[0]] if counted else None
    if target is None or len(counted) < _sizes(counted[0].suite, target):
        return None, cases
    return target, counted


def _sizes(suite: str, target: Target) -> int:
    """How many sizes a target is about."""
    if suite != "train":
        return 1
    batches = [batch for batch in BATCHES if batch >= target.fewest_rows]
    return len(batches) * len(TIMES) * len(HIDDEN_SIZES)

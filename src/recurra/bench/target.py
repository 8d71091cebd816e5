"""Geometric means of what races found, beside what the project has set itself to reach."""

import statistics
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from recurra.bench.choice import BATCHES, HIDDEN_SIZES, PLAIN_CELLS, TIMES, VARIANT_CELLS
from recurra.bench.race import Case
from recurra.bench.schedule import Table


class Target(NamedTuple):
    """The least ratios over some sizes.

    Attributes:
        mean: Their geometric mean; None where only the lowest counts.
        lowest: The lowest of them; None where only the mean counts.
        fewest_rows: Batches with fewer rows do not count.
        threads: The number of threads that it is about; None for all.
    """

    mean: float | None
    lowest: float | None = None
    fewest_rows: int = 1
    threads: int | None = None

    def is_met(self, ratios: Sequence[float]) -> bool:
        """Whether ratios reach it."""
        return statistics.geometric_mean(ratios) >= (self.mean or 0) and min(ratios) >= (self.lowest or 0)

    def __str__(self) -> str:
        mean = "-" if self.mean is None else f"{self.mean:.3g}x"
        return mean if self.lowest is None else f"{mean}/{self.lowest:.2g}x"


_ROWS: Sequence[tuple[str, str, Sequence[str], Sequence[int | None], Target]] = (
    ("train", "torch.nn", ("elman", "gru"), (None,), Target(2.5, 0.95)),
    ("train", "torch.nn", ("lstm",), (None,), Target(1.15, 0.95)),
    ("train", "jax", PLAIN_CELLS, (None,), Target(1.5)),
    ("train", "torch.packed", PLAIN_CELLS, (None,), Target(4.0)),
    ("train", "recurra.dense", PLAIN_CELLS, (None,), Target(None, 1 / 1.15, fewest_rows=16)),
    ("train", "torch.loop", VARIANT_CELLS, (None,), Target(10.0)),
    ("train", "recurra.lstm", VARIANT_CELLS, (None,), Target(1 / 1.4)),
    ("stream", "onnxruntime", ("gru", "lstm"), (64,), Target(4.0)),
    ("stream", "onnxruntime", ("gru", "lstm"), (256,), Target(1.5)),
    ("stream", "onnxruntime", ("gru_int8", "lstm_int8"), (256,), Target(4.0)),
    ("stream", "onnxruntime.io_binding", ("gru", "lstm"), (64,), Target(2.0)),
    ("stream", "torch.nn", ("lstm",), (64,), Target(50.0)),
    ("stream", "memory", ("gru", "lstm"), (64, 128, 256), Target(1 / 1.5)),
    ("pool", "onnxruntime", ("gru", "lstm"), (128,), Target(10.0, threads=2)),
    ("pool", "onnxruntime.batch", ("gru", "lstm"), (128,), Target(1.0)),
    ("pool", "onnxruntime.io_binding", ("gru", "lstm"), (128,), Target(1.0)),
)
TARGETS: Mapping[tuple[str, str, str, int | None], Target] = MappingProxyType({
    (suite, peer, cell, hidden): target
    for suite, peer, cells, hidden_sizes, target in _ROWS
    for cell in cells
    for hidden in hidden_sizes
})  # fmt: skip
"""By suite, peer, cell and hidden size; None for the mean over all usual sizes of training."""


def target_of(case: Case, peer: str) -> Target | None:
    """The target that a ratio to a peer counts for; None where it counts for none."""
    is_usual = case.batch in BATCHES and case.time in TIMES and case.hidden in HIDDEN_SIZES
    if case.suite == "train" and not is_usual:
        return None
    found = TARGETS.get((case.suite, peer, case.cell, _hidden(case)))
    if found is None or case.batch < found.fewest_rows or found.threads not in (None, case.threads):
        return None
    return found


def _hidden(case: Case) -> int | None:
    """The hidden size; None where sizes are averaged, as those of training are."""
    return None if case.suite == "train" else case.hidden


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
    return [mean for table in tables for peer in table.peers for mean in _means(table, peer)]


def _means(table: Table, peer: str) -> list[Mean]:
    ratios = {each.case: each.ratio(peer) for each in table.standings if peer in each.peers}
    planned: dict[tuple[str, str, str, int, int | None], list[Case]] = {}
    for race in table.races:
        case = race.case
        planned.setdefault((case.suite, case.cell, peer, case.threads, _hidden(case)), []).append(case)
    found = []
    for key, cases in planned.items():
        target, counted = _counted(cases, peer)
        known = [ratios[case] for case in counted if case in ratios]
        if known:
            is_met = target.is_met(known) if target is not None and len(known) == len(counted) else None
            mean = statistics.geometric_mean(known)
            found.append(Mean(*key, mean, min(known), len(known), len(counted), target, is_met))
    return found


def _counted(cases: Sequence[Case], peer: str) -> tuple[Target | None, Sequence[Case]]:
    """The target of some cases and those that count for it; none, and all, where not all of its are there."""
    targets = {case: target for case in cases if (target := target_of(case, peer)) is not None}
    target = next(iter(targets.values()), None)
    if target is None:
        return None, cases
    batches = [batch for batch in BATCHES if batch >= target.fewest_rows]
    sizes = len(batches) * len(TIMES) * len(HIDDEN_SIZES) if cases[0].suite == "train" else 1
    return (target, list(targets)) if len(targets) >= sizes else (None, cases)

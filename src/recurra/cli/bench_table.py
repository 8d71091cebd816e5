"""Races as tables, then the means of their ratios beside the targets."""

import statistics
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recurra.cli import screen
from recurra.cli.columns import Column, in_parts, lay_out
from recurra.cli.machine import cores, processor
from recurra.version import __version__

if TYPE_CHECKING:
    from recurra.bench.race import Standing
    from recurra.bench.schedule import Table
    from recurra.bench.target import Mean

AXES = ("threads", "batch", "time", "hidden")
LEFT = ("cell", "suite", "against", "met")  # columns that begin at the left
TRAINED = ("against", "cell", "threads", "mean", "lowest", "sizes")
STREAMED = ("suite", "against", "cell", "threads", "hidden", "ratio")
MET = {True: "yes", False: "no", None: ""}
MEANS_NOTE = (
    "target: of the mean, and behind a stroke of the lowest; below 1x it allows more time than the peer's: "
    "0.87x 1.15 times as much, 0.714x 1.4 times. Against recurra.dense over batches of at least 16. Nothing "
    "is said to be met or not while a size is missing."
)
MEMORY_NOTE = "A target of 0.667x allows 1.5 times as much time as reading the weights once."


def print_tables(tables: Sequence["Table"]) -> None:
    """Print a table for every section that has results, then the means, on stdout."""
    from recurra.bench.target import means

    _print_wrapped(_machine())
    for table in tables:
        if table.standings:
            screen.say()
            _print_section(table)
    found = means(tables)
    trained = [mean for mean in found if mean.hidden is None]
    _print_means("Training: geometric means of the ratios over the sizes", trained, TRAINED)
    if any(mean.target is not None for mean in trained):
        _print_wrapped(MEANS_NOTE)
    aimed = [mean for mean in found if mean.hidden is not None and mean.target is not None]
    _print_means("Streaming: ratios that have a target", aimed, STREAMED)
    if any(mean.peer == "memory" for mean in aimed):
        _print_wrapped(MEMORY_NOTE)


def _machine() -> str:
    from importlib.metadata import version

    from recurra import native
    from recurra.bench.plan import installed_packages

    engine = native.instruction_set() or "none"
    libraries = [f"{name} {version(name)}" for name in ("torch", *installed_packages())]
    return f"{processor()}, {cores()} cores; recurra {__version__}, engine {engine}; {', '.join(libraries)}"


def _print_section(table: "Table") -> None:
    from recurra.bench.choice import CELLS

    standings = sorted(
        table.standings,
        key=lambda each: (CELLS.index(each.case.cell), *(getattr(each.case, axis) for axis in AXES)),
    )
    unit, scale = ("ms", 1000) if max(each.ours.microseconds for each in standings) > 1000 else ("us", 1)
    axes, fixed = _axes(standings)
    columns = [
        Column(["cell"], [each.case.cell for each in standings], is_text=True),
        *axes,
        Column(["recurra", unit], [_figure(each.ours.microseconds / scale) for each in standings]),
        Column([table.section.unit], [_figure(each.rate / 1e9) for each in standings]),
        Column(["limit"], [f"{each.limit_share:.0%}" for each in standings]),
        *(_peer(peer, standings, unit, scale) for peer in table.peers),
    ]
    _print_columns(", ".join([table.section.title, *fixed]), columns, keys=1 + len(axes))
    timings = [timing for each in standings for timing in (each.ours, *each.peers.values())]
    rounds = [timing.rounds for timing in timings]
    spread = statistics.median(timing.spread for timing in timings)
    count = f"{min(rounds)} to {max(rounds)}" if min(rounds) < max(rounds) else f"{min(rounds)}"
    _print_wrapped(
        f"limit: share of {table.section.limit}, measured in this run. Times are medians of {count} rounds; "
        f"half of a time's rounds lie within {spread:.0%} of it, typically."
    )


def _axes(standings: Sequence["Standing"]) -> tuple[list[Column], list[str]]:
    """The axes along which the races differ as columns, the others as words."""
    columns, fixed = [], []
    for axis in AXES:
        values = [getattr(each.case, axis) for each in standings]
        if len(set(values)) > 1:
            columns.append(Column([axis], [str(value) for value in values]))
        elif axis == "threads":
            fixed.append("1 thread" if values[0] == 1 else f"{values[0]} threads")
        else:
            fixed.append(f"{axis} {values[0]}")
    return columns, fixed


def _peer(peer: str, standings: Sequence["Standing"], unit: str, scale: int) -> Column:
    """Time and ratio of a peer; its name is broken at the dot."""
    times = [
        _figure(each.peers[peer].microseconds / scale) if peer in each.peers else "" for each in standings
    ]
    ratios = [
        _ratio(each.ratio(peer)) if peer in each.peers else "differs" if peer in each.refused else ""
        for each in standings
    ]
    widest, before = max(map(len, ratios)), max(map(len, times))
    texts = [f"{time:>{before}} {ratio:>{widest}}" for time, ratio in zip(times, ratios, strict=True)]
    library, _, way = peer.partition(".")
    heading = [library, *([f".{way}"] if way else []), f"{unit} {'ratio':>{widest}}"]
    return Column(heading, texts)


def _print_wrapped(text: str) -> None:
    screen.say(textwrap.fill(text, screen.width(sys.stdout)))


def _print_means(title: str, found: Sequence["Mean"], names: Sequence[str]) -> None:
    from recurra.bench.choice import CELLS, PEERS, SUITES

    if not found:
        return
    found = sorted(
        found,
        key=lambda mean: (
            SUITES.index(mean.suite),
            PEERS.index(mean.peer),
            CELLS.index(mean.cell),
            mean.hidden or 0,
            mean.threads,
        ),
    )
    texts = {
        "suite": [mean.suite for mean in found],
        "against": [mean.peer for mean in found],
        "cell": [mean.cell for mean in found],
        "threads": [str(mean.threads) for mean in found],
        "hidden": [str(mean.hidden) for mean in found],
        "ratio": [_ratio(mean.ratio) for mean in found],
        "mean": [_ratio(mean.ratio) for mean in found],
        "lowest": [_ratio(mean.lowest) for mean in found],
        "sizes": [f"{mean.sizes}/{mean.planned}" for mean in found],
        "target": ["" if mean.target is None else str(mean.target) for mean in found],
        "met": [MET[mean.is_met] for mean in found],
    }
    if any(mean.target is not None for mean in found):
        names = [*names, "target", "met"]
    screen.say()
    _print_columns(title, [Column([name], texts[name], name in LEFT) for name in names], keys=2)


def _print_columns(title: str, columns: Sequence[Column], keys: int) -> None:
    """A table, in parts below each other where it is wider than the terminal."""
    total = screen.width(sys.stdout)
    for line in textwrap.wrap(title, total):
        screen.say(screen.paint(line, screen.BOLD, sys.stdout))
    for part in in_parts(columns, keys, total):
        screen.say()
        for line in lay_out(part, lambda line: screen.paint(line, screen.BOLD, sys.stdout)):
            screen.say(line)


def _ratio(value: float) -> str:
    return f"{value:.2f}x" if value < 10 else f"{_figure(value)}x"


def _figure(value: float) -> str:
    """A number with three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"

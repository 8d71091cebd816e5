"""Races as tables, then the means of their ratios beside the targets."""

import statistics
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from recurra.cli import screen
from recurra.cli.columns import Column, in_parts, lay_out
from recurra.cli.machine import cores, processor
from recurra.version import __version__

if TYPE_CHECKING:
    from recurra.bench.mean import Mean
    from recurra.bench.schedule import Table
    from recurra.bench.standing import Standing

AXES = ("threads", "batch", "time", "hidden")
MET = {True: "yes", False: "no", None: ""}
MEANS_NOTE = (
    "target: of the mean, and behind a stroke of the lowest; below 1x it allows more time than the peer's: "
    "0.87x 1.15 times as much, 0.714x 1.4 times. Against recurra.dense over batches of at least 16. Nothing "
    "is said to be met or not while a size is missing."
)
MEMORY_NOTE = "A target of 0.667x allows 1.5 times as much time as reading the weights once."


class Unit(NamedTuple):
    """Of times."""

    name: str
    microseconds: float


MICROSECONDS, MILLISECONDS = Unit("us", 1.0), Unit("ms", 1000.0)


def print_tables(tables: Sequence["Table"]) -> None:
    """Print a table for every section that has results, then the means, on stdout."""
    from recurra.bench.mean import means

    _print_wrapped(_machine())
    for table in tables:
        if table.standings:
            screen.say()
            _print_section(table)
    found = means(tables)
    trained = [mean for mean in found if mean.hidden is None]
    _print_means("Training: geometric means of the ratios over the sizes", trained)
    if any(mean.target is not None for mean in trained):
        _print_wrapped(MEANS_NOTE)
    aimed = [mean for mean in found if mean.hidden is not None and mean.target is not None]
    _print_means("Streaming: ratios that have a target", aimed)
    if any(mean.peer == "memory" for mean in aimed):
        _print_wrapped(MEMORY_NOTE)


def _machine() -> str:
    from importlib.metadata import version

    from recurra import native
    from recurra.bench.extra import installed_packages

    engine = native.instruction_set() or "none"
    libraries = [f"{name} {version(name)}" for name in ("torch", *installed_packages())]
    text = f"{processor()}, {cores()} cores; recurra {__version__}, engine {engine}; {', '.join(libraries)}"
    return text


def _print_section(table: "Table") -> None:
    from recurra.bench.choice import CELLS

    standings = sorted(
        table.standings,
        key=lambda each: (CELLS.index(each.case.cell), *(getattr(each.case, axis) for axis in AXES)),
    )
    unit = MILLISECONDS if max(each.ours.microseconds for each in standings) > 1000 else MICROSECONDS
    axes, fixed = _axes(standings)
    columns = [
        Column(["cell"], [each.case.cell for each in standings], is_text=True),
        *axes,
        Column(
            ["recurra", unit.name],
            [_figure(each.ours.microseconds / unit.microseconds) for each in standings],
        ),
        Column([table.section.unit], [_figure(each.rate / 1e9) for each in standings]),
        Column(["limit"], [f"{each.limit_share:.0%}" for each in standings]),
        *(_peer(peer, standings, unit) for peer in table.section.peers),
    ]
    _print_columns(", ".join([table.section.title, *fixed]), columns, keys=1 + len(axes))
    _print_note(table, standings)


def _axes(standings: Sequence["Standing"]) -> tuple[list[Column], list[str]]:
    """The axes along which the races differ as columns, the others as words."""
    columns, fixed = [], []
    for axis in AXES:
        values = [getattr(each.case, axis) for each in standings]
        if len(set(values)) > 1:
            columns.append(Column([axis], [str(value) for value in values]))
        else:
            fixed.append(_words(axis, values[0]))
    return columns, fixed


def _words(axis: str, value: int) -> str:
    if axis == "threads":
        return "1 thread" if value == 1 else f"{value} threads"
    return f"{axis} {value}"


def _peer(peer: str, standings: Sequence["Standing"], unit: Unit) -> Column:
    """Time and ratio of a peer; its name is broken at the dot."""
    times = [
        _figure(each.peers[peer].microseconds / unit.microseconds) if peer in each.peers else ""
        for each in standings
    ]
    ratios = [
        _ratio(each.ratio(peer)) if peer in each.peers else "differs" if peer in each.refused else ""
        for each in standings
    ]
    widest, before = max(map(len, ratios)), max(map(len, times))
    texts = [f"{time:>{before}} {ratio:>{widest}}" for time, ratio in zip(times, ratios, strict=True)]
    library, _, way = peer.partition(".")
    heading = [library, *([f".{way}"] if way else []), f"{unit.name} {'ratio':>{widest}}"]
    return Column(heading, texts)


def _print_note(table: "Table", standings: Sequence["Standing"]) -> None:
    timings = [timing for each in standings for timing in (each.ours, *each.peers.values())]
    rounds = [timing.rounds for timing in timings]
    spread = statistics.median(timing.spread for timing in timings)
    count = f"{min(rounds)} to {max(rounds)}" if min(rounds) < max(rounds) else f"{min(rounds)}"
    text = (
        f"limit: share of {table.section.limit}, measured in this run. Times are medians of {count} rounds; "
        f"half of a time's rounds lie within {spread:.0%} of it, typically."
    )
    _print_wrapped(text)


def _print_wrapped(text: str) -> None:
    screen.say(textwrap.fill(text, screen.width(sys.stdout)))


def _print_means(title: str, found: Sequence["Mean"]) -> None:
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
    columns = [
        Column(["against"], [mean.peer for mean in found], is_text=True),
        Column(["cell"], [mean.cell for mean in found], is_text=True),
        Column(["threads"], [str(mean.threads) for mean in found]),
    ]
    if any(mean.hidden is None for mean in found):
        columns += [
            Column(["mean"], [_ratio(mean.ratio) for mean in found]),
            Column(["lowest"], [_ratio(mean.lowest) for mean in found]),
            Column(["sizes"], [f"{mean.sizes}/{mean.planned}" for mean in found]),
        ]
    else:
        columns.insert(0, Column(["suite"], [mean.suite for mean in found], is_text=True))
        columns += [
            Column(["hidden"], [str(mean.hidden) for mean in found]),
            Column(["ratio"], [_ratio(mean.ratio) for mean in found]),
        ]
    if any(mean.target is not None for mean in found):
        columns += [
            Column(["target"], ["" if mean.target is None else str(mean.target) for mean in found]),
            Column(["met"], [MET[mean.is_met] for mean in found], is_text=True),
        ]
    screen.say()
    _print_columns(title, columns, keys=2)


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

"""A run's scores beside the baselines, as a table that fits the terminal."""

import re
import sys
import textwrap
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recurra.cli import screen
from recurra.report.control import visible
from recurra.report.heading import heading
from recurra.report.number import NARROW_SPACE
from recurra.report.record import MetricRecord, MetricsRecord, ModelRecord

KINDS = ("recurrent", "neural", "linear", "naive")
GAP = 2


def print_scores(metrics: MetricsRecord) -> None:
    """Print the table on stdout, the recurrent net first, the best of every column bold, and a verdict."""
    top = heading(metrics, "")
    total = screen.width(sys.stdout)
    console = Console(width=total, highlight=False, force_terminal=screen.has_colour(sys.stdout))
    title = f"{top.title or metrics.task}: scores" + (f" of {metrics.judged}" if metrics.judged else "")
    screen.say(plain_signs(title))
    screen.say()
    hidden = _print_table(console, metrics, total)
    screen.say()
    if top.verdict is not None:
        screen.say(textwrap.fill(plain_signs(" ".join([top.verdict.headline, *top.verdict.details])), total))
    for note in metrics.notes:
        screen.say(textwrap.fill(plain_signs(note), total))
    if hidden:
        screen.say(
            textwrap.fill(f"{hidden} more columns are shown in a wider terminal, and by --json.", total)
        )


def _print_table(console: Console, metrics: MetricsRecord, total: int) -> int:
    """Print the columns that fit; returns how many do not."""
    models = sorted(
        metrics.models, key=lambda model: KINDS.index(model.kind) if model.kind in KINDS else len(KINDS)
    )
    columns = [_Column(about, models) for about in metrics.metrics]
    columns = [column for column in columns if column.known]
    shown = _that_fit(columns, total - max(len(plain_signs(model.label)) for model in models))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP - 1, 0, 0), show_edge=False)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    for column in shown:
        table.add_column(column.title, justify="right", no_wrap=True)
    for row, model in enumerate(models):
        label = Text(plain_signs(model.label), style="bold" if row == 0 else "")
        table.add_row(label, *(column.cell(row) for column in shown))
    console.print(table)
    return len(columns) - len(shown)


class _Column:
    """One metric of all models."""

    def __init__(self, about: MetricRecord, models: Sequence[ModelRecord]) -> None:
        scores = [model.scores.get(about.name) for model in models]
        badness = [about.badness(score) for score in scores]
        self.title = plain_signs(about.short or about.label)
        self.known = sum(score is not None for score in scores)
        self.texts = [plain_signs(text) for text in about.texts(scores)]
        comparable = self.known > 1 and min(badness) < float("inf")
        winner = self.texts[badness.index(min(badness))] if comparable else ""
        self.best = [text == winner for text in self.texts]
        self.width = max(len(self.title), *map(len, self.texts))

    def cell(self, row: int) -> Text:
        """The text of a row; bold where it is best."""
        return Text(self.texts[row], style="bold" if self.best[row] else "")


def _that_fit(columns: Sequence[_Column], room: int) -> list[_Column]:
    """As many columns, from the first, as have room; one at least."""
    shown: list[_Column] = []
    for column in columns:
        room -= column.width + GAP
        if room < 0 and shown:
            break
        shown.append(column)
    return shown


def plain_signs(text: str) -> str:
    """A report's text in signs that every terminal has."""
    text = visible(text).replace(f"{NARROW_SPACE}%", "%")
    text = re.sub(rf"{NARROW_SPACE}(?=\d)", ",", text).replace(NARROW_SPACE, " ")
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")

"""A comparison in the terminal."""

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.cli import screen
from recurra.cli.columns import Column, in_parts, lay_out
from recurra.cli.score_table import plain_signs
from recurra.report.page import REPORT_FILE

if TYPE_CHECKING:
    from recurra.experiment.comparison import ComparisonRecord


def print_comparison(record: "ComparisonRecord", folder: Path) -> None:
    """The table, the best net first, what it says, how to read it, and where everything is."""
    from recurra.experiment.comparison_table import columns_of, notes_of, remarks_of, verdict_of

    total = screen.width(sys.stdout)
    columns = [
        Column(
            plain_signs(one.heading).split(" "), [plain_signs(text) for text in one.texts], is_text=not index
        )
        for index, one in enumerate(columns_of(record))
    ]
    for part in in_parts(columns, 1, total):
        for line in lay_out(part, lambda text: screen.paint(text, screen.BOLD, sys.stdout)):
            screen.say(line)
        screen.say()
    for sentence in (verdict_of(record), *remarks_of(record), *notes_of(record)):
        for line in textwrap.wrap(plain_signs(sentence), total):
            screen.say(line)
    screen.say()
    screen.say(f"report    {folder / REPORT_FILE}")
    best = record.ranked[0]
    runs = [run.folder for run in best.runs if not run.failed]
    screen.say(f"best      {folder / runs[0] if runs else folder}")

"""A search for settings in the terminal."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.cli import screen
from recurra.cli.columns import Column, lay_out
from recurra.cli.score_table import plain_signs

if TYPE_CHECKING:
    from recurra.experiment.tuning import TuningRecord

MOST = 12


def print_tuning(record: "TuningRecord", folder: Path) -> None:
    """The best settings with their importance, what it came to, and how to train with them."""
    import sys

    from recurra.experiment.tuning import BEST_FILE
    from recurra.experiment.tuning_page import details_of, headline_of
    from recurra.report.number import percent
    from recurra.report.page import REPORT_FILE

    best = record.best_trial
    if best is not None:
        order = [*record.importances, *(key for key in best.params if key not in record.importances)]
        keys = [key for key in order if key in best.params][:MOST]
        columns = [
            Column(["Setting"], keys, is_text=True),
            Column(["Best"], [_text(best.params[key]) for key in keys]),
            Column(["Searched"], [record.space.get(key, "") for key in keys], is_text=True),
            Column(["Importance"], [plain_signs(percent(record.importances.get(key))) for key in keys]),
        ]
        for line in lay_out(columns, lambda text: screen.paint(text, screen.BOLD, sys.stdout)):
            screen.say(line)
        screen.say()
    for sentence in (headline_of(record), *details_of(record)):
        screen.say(plain_signs(sentence))
    screen.say()
    screen.say(f"report    {folder / REPORT_FILE}")
    if best is not None:
        place = shlex.quote(str(folder / BEST_FILE))
        screen.say(f"train     recurra train {record.task} {shlex.quote(record.data)} --config {place}")


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

"""The course of a training run, read from `history.jsonl`.

One JSON object a line. Kind "step" sums up the last few optimiser steps: `step`, `loss`, `learning_rate`,
`gradient_norm` (mean, before clipping), `clipped` (share of the steps), `update_ratio` (length of the last
update in relation to the weights'). Kind "epoch" sums up an epoch: `epoch`, `step`, `train_loss`,
`learning_rate`, `gradient_norm`, `clipped_share`, `items_per_second`, `seconds`, and every metric that
validation gave under its own name. Lines of other kinds are passed over.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.errors import DamagedError
from recurra.files import parse_json, read_bytes

HISTORY_FILE = "history.jsonl"
_NOT_METRICS = frozenset(
    {"epoch", "step", "learning_rate", "gradient_norm", "clipped_share", "items_per_second", "seconds"}
)


@dataclass(frozen=True)
class Course:
    """Steps and epochs of a run, oldest first; each maps names to numbers (NaN = not defined)."""

    steps: list[dict[str, float]]
    epochs: list[dict[str, float]]

    @property
    def metrics(self) -> list[str]:
        """What each epoch was measured by: `train_loss`, `valid_loss` and others, as in the file."""
        names = [name for epoch in self.epochs for name in epoch if name not in _NOT_METRICS]
        return list(dict.fromkeys(names))

    @property
    def seconds(self) -> float:
        """Time of all epochs together."""
        return sum(epoch["seconds"] for epoch in self.epochs if math.isfinite(epoch.get("seconds", math.nan)))

    def best_epoch(self, metric: str, mode: str) -> int | None:
        """Index of the epoch with the smallest (mode "min") or largest ("max") value; None if unknown."""
        sign = -1 if mode == "max" else 1
        values = [(sign * epoch.get(metric, math.nan), index) for index, epoch in enumerate(self.epochs)]
        defined = [pair for pair in values if math.isfinite(pair[0])]
        return min(defined)[1] if defined else None


def course_of(steps: Iterable[Mapping[str, Any]], epochs: Iterable[Mapping[str, Any]]) -> Course:
    """The course of a run that was just trained, from its records."""
    return Course([_numbers(one) for one in steps], [_numbers(one) for one in epochs])


def read_course(folder: Path) -> Course:
    """Read `history.jsonl` from a run folder.

    Raises:
        DamagedError: The file is missing, or a line is cut off or is no record.
    """
    path = folder / HISTORY_FILE
    records: dict[str, list[dict[str, float]]] = {"step": [], "epoch": []}
    for number, line in enumerate(read_bytes(path).splitlines(), start=1):
        try:
            record = parse_json(line)
            kind = record.pop("kind")
            if kind in records:
                records[kind].append(_numbers(record))
        except (ValueError, OverflowError, KeyError, TypeError, AttributeError) as error:
            raise DamagedError(
                f"{path} has no record in line {number}",
                "one JSON object with a kind in every line",
                "Restore it from a copy; if only the last line is cut off, delete it.",
            ) from error
    return Course(records["step"], records["epoch"])


def _numbers(record: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a record; null is NaN, and `step` (or `epoch`) must be there."""
    numbers = {
        name: math.nan if value is None else float(value)
        for name, value in record.items()
        if value is None or isinstance(value, int | float)
    }
    numbers["step"] += 0  # every record says where in the run it belongs
    return numbers

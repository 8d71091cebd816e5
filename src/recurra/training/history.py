"""What happened in a run, as plain JSON lines.

A line of kind "step" sums up the last few optimiser steps (the first one stands alone, as it tells where
training began), a line of kind "epoch" a whole epoch, one of
kind "warning" says what began to go wrong. The file is
flushed to the disk before every checkpoint; a resumed run drops the lines after its checkpoint, so that in
the end the file equals that of an uninterrupted run in everything but `TIMINGS`.
"""

import hashlib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from recurra.errors import DamagedError
from recurra.files import flush, read_bytes, storage_errors

REMEDY = "Free some space or choose another folder; a run that had begun can be resumed."
TIMINGS = ("seconds", "steps_per_second", "items_per_second")


class Mark(NamedTuple):
    """How far the file was written: its bytes, and their SHA-256."""

    size: int
    checksum: str


class History:
    """The records of a run.

    Attributes:
        steps: Records of kind "step": epoch, step (both of the last step summed up), loss, learning_rate,
            gradient_norm, clipped (share), steps_per_second, and update_ratio: how far the last of these
            steps moved the weights, in relation to their length (null where it was skipped).
        epochs: Records of kind "epoch": epoch, step, train_loss, the metrics, learning_rate, gradient_norm,
            clipped_share, items_per_second (valid steps), seconds (validation not included).
        warnings: Records of kind "warning": epoch, step, what (the fault that began), message; of each fault
            one (`recurra.training.monitor`).
        stopped: Why the run ended: "max_epochs", "patience", "callback" or "interrupted"; None while it
            goes on.
        best_epoch: The epoch whose weights were kept; None when they are the last ones.
    """

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.epochs: list[dict[str, Any]] = []
        self.warnings: list[dict[str, Any]] = []
        self.stopped: str | None = None
        self.best_epoch: int | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped by Ctrl-C and can be resumed."""
        return self.stopped == "interrupted"

    def add(self, record: dict[str, Any]) -> None:
        """Take in a record of any kind."""
        {"epoch": self.epochs, "step": self.steps, "warning": self.warnings}[record["kind"]].append(record)


class HistoryFile:
    """The file behind a history.

    Args:
        path: Where it is, or None to keep the records in memory only.
        history: Where the records are kept as well.
    """

    def __init__(self, path: Path | None, history: History) -> None:
        self._path = path
        self._history = history
        self._digest = hashlib.sha256()
        self._size = 0

    def begin(self) -> None:
        """Begin with an empty file, in a new folder if need be.

        Raises:
            StorageError: The disk is full, or the file cannot be written.
        """
        if self._path is not None:
            with storage_errors(self._path, REMEDY):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_bytes(b"")

    def add(self, record: dict[str, Any]) -> None:
        """Append a record; it survives the end of the process, though not yet that of the machine.

        Raises:
            StorageError: The disk is full, or the file cannot be written.
        """
        record = {key: _plain(value) for key, value in record.items()}
        self._history.add(record)
        if self._path is None:
            return
        line = (json.dumps(record) + "\n").encode()
        with storage_errors(self._path, REMEDY), self._path.open("ab") as file:
            file.write(line)
        self._digest.update(line)
        self._size += len(line)

    def mark(self) -> Mark:
        """Make sure that all lines are on the disk, and say how many bytes they are."""
        if self._path is not None:
            with storage_errors(self._path, REMEDY):
                flush(self._path)
        return Mark(self._size, self._digest.hexdigest())

    def rewind(self, mark: Mark) -> None:
        """Drop what was written after a mark, and read the records before it.

        Raises:
            DamagedError: The file cannot be read, is shorter than the mark, or was altered before it.
            StorageError: It cannot be written.
        """
        if self._path is None:
            return
        kept = read_bytes(self._path)[: mark.size]
        self._digest = hashlib.sha256(kept)
        self._size = len(kept)
        if Mark(self._size, self._digest.hexdigest()) != mark:
            raise DamagedError(
                f"{self._path} is not what it was at the checkpoint",
                f"{mark.size} unaltered bytes",
                "Restore it from a copy, or train again in a new folder.",
            )
        with storage_errors(self._path, REMEDY):
            os.truncate(self._path, mark.size)
        for line in kept.splitlines():
            self._history.add(json.loads(line))


@dataclass
class Tally:
    """Running sums over optimiser steps, from which a record is made."""

    steps: int = 0
    total: float = 0.0
    count: float = 0.0
    norm: float = 0.0
    clipped: int = 0
    seconds: float = 0.0

    def add(self, total: float, count: float, norm: float, *, clipped: bool, seconds: float) -> None:
        """Add one optimiser step."""
        self.steps += 1
        self.total += total
        self.count += count
        self.norm += norm
        self.clipped += clipped
        self.seconds += seconds

    @property
    def loss(self) -> float:
        """Mean loss over valid steps."""
        return _ratio(self.total, self.count)

    def step_record(self, epoch: int, step: int, learning_rate: float) -> dict[str, Any]:
        """A record of kind "step"."""
        return {
            "kind": "step",
            "epoch": epoch,
            "step": step,
            "loss": self.loss,
            "learning_rate": learning_rate,
            "gradient_norm": _ratio(self.norm, float(self.steps)),
            "clipped": _ratio(float(self.clipped), float(self.steps)),
            "steps_per_second": _ratio(float(self.steps), self.seconds),
        }

    def epoch_record(self, epoch: int, step: int, learning_rate: float) -> dict[str, Any]:
        """A record of kind "epoch", still without the metrics."""
        return {
            "kind": "epoch",
            "epoch": epoch,
            "step": step,
            "train_loss": self.loss,
            "learning_rate": learning_rate,
            "gradient_norm": _ratio(self.norm, float(self.steps)),
            "clipped_share": _ratio(float(self.clipped), float(self.steps)),
            "items_per_second": _ratio(self.count, self.seconds),
            "seconds": self.seconds,
        }


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else math.nan


def _plain(value: Any) -> Any:
    """JSON has no NaN, infinity or tensors: they become null and plain numbers."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value

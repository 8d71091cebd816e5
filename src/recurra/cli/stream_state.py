"""The state of a stream on the disk, and how often it is left there. Nothing here imports torch."""

import os
import re
import time
from pathlib import Path

from recurra.errors import ArtifactError, ConfigError, DamagedError
from recurra.files import check_writable, read_document, write_document
from recurra.streaming import Live
from recurra.streaming.remembered import from_document, to_document

STATE_FORMAT = 1
KIND = "stream state"


class Pace:
    """How often the state is left on the disk before the end.

    Args:
        rows: After so many rows; 0: not by rows.
        seconds: After so many seconds, at the next row; 0: not by time.
    """

    def __init__(self, rows: int = 0, seconds: float = 0.0) -> None:
        self._rows, self._seconds = rows, seconds
        self._row, self._time = 0, time.monotonic()

    @classmethod
    def parse(cls, text: str | None, *, with_state: bool) -> "Pace":
        """Read "1000" (rows) or "30s" (seconds).

        Raises:
            ConfigError: It says neither, or there is no state to save.
        """
        if text is None:
            return cls()
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(s?)", text)
        number = float(found[1]) if found else 0.0
        if found is None or number <= 0 or (not found[2] and number != int(number)):
            raise ConfigError(
                f"--save-every is {text!r}", "rows (1000) or seconds (30s), above 0", "Change --save-every."
            )
        if not with_state:
            raise ConfigError("--save-every without --state", "the file of the state", "Add --state FILE.")
        return cls(seconds=number) if found[2] else cls(rows=int(number))

    def is_due(self, rows: int) -> bool:
        """Whether it is time again, after so many rows."""
        due = bool(self._rows and rows - self._row >= self._rows)
        if self._seconds and rows > self._row and time.monotonic() - self._time >= self._seconds:
            due = True
        if due:
            self._row, self._time = rows, time.monotonic()
        return due


def check_place(path: Path) -> None:
    """Make sure that a state can be written there, before any row is taken.

    Raises:
        ConfigError: The folder is not there, or may not be written.
        StorageError: The disk refuses to be written.
    """
    folder = path.absolute().parent
    if not folder.is_dir() or path.is_dir() or not os.access(folder, os.W_OK):
        what = "is a folder" if path.is_dir() else "cannot be written"
        raise ConfigError(f"--state {path} {what}", "a place for the state of the stream", "Choose another.")
    check_writable(path)


def load_state(path: Path, predictor: Live) -> int:
    """Restore what a file holds; how many rows it comes after. Without the file: nothing, and 0.

    Raises:
        DamagedError: The file was truncated or altered, or is none of ours.
        ArtifactError: It is of another program.
    """
    if not path.exists():
        return 0
    document = read_document(path, version=STATE_FORMAT)
    if document.get("kind") != KIND:
        raise ArtifactError(
            f"{path} holds no state of a stream", "one that --state left", "Choose another file."
        )
    if document.get("program") != predictor.digest:
        raise ArtifactError(
            f"{path} holds the state of another program",
            f"one of the program {predictor.digest[:12]}",
            "Give the run that it is of, with or without --level as before, or another file.",
        )
    try:
        states = from_document(document["series"])
        rows = document["rows"]
    except (KeyError, ValueError) as error:
        what = str(error) if isinstance(error, ValueError) else "lacks what belongs to a state"
        raise _damaged(path, what) from error
    if type(rows) is not int or rows < 0:
        raise _damaged(path, f"comes after {rows!r} rows")
    predictor.restore(states)
    return rows


def _damaged(path: Path, what: str) -> DamagedError:
    return DamagedError(
        f"{path} {what}", "a state that --state left", "Restore it from a copy, or begin anew without it."
    )


def save_state(path: Path, predictor: Live, rows: int) -> None:
    """Write the state, whole or not at all.

    Raises:
        StorageError: The place cannot be written.
    """
    document = {
        "kind": KIND,
        "program": predictor.digest,
        "rows": rows,
        "series": to_document(predictor.snapshot()),
    }
    write_document(path, document, version=STATE_FORMAT)

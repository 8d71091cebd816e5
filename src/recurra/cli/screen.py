"""What commands write: results on stdout, messages on stderr, colour only where somebody can see it."""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from recurra.errors import RecurraError
from recurra.report.control import visible

INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended

BOLD, RED, YELLOW = "1", "1;31", "33"


@runtime_checkable
class Stream(Protocol):
    """What this module must know of stdout and stderr."""

    def isatty(self) -> bool:
        """Whether this is a terminal."""


def has_colour(stream: Stream) -> bool:
    """Whether a stream is a terminal that takes colour (NO_COLOR unset or empty, TERM not dumb)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: Stream) -> str:
    """Colour a text where the stream takes colour."""
    return f"\033[{colour}m{text}\033[0m" if has_colour(stream) else text


def width(stream: Stream, most: int = 120) -> int:
    """The columns to fill: the terminal's, at most `most`; without a terminal, `most`."""
    if not stream.isatty() and "COLUMNS" not in os.environ:
        return most
    return max(20, min(most, shutil.get_terminal_size().columns))


def filled(text: str, room: int, lead: str) -> str:
    """A text broken at words, with something before it and its other lines beneath it."""
    deep = lead if len(lead) < room // 2 else "      "
    return textwrap.fill(text, room, initial_indent=lead, subsequent_indent=" " * len(deep))


def emit(document: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Write a result for programs: one JSON object, or a list of them, on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")


def say(text: str = "") -> None:
    """Write a line of the result on stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write a message on stderr."""
    sys.stderr.write(visible(text) + "\n")


def warn(text: str) -> None:
    """Write a warning on stderr."""
    _labelled("warning:", YELLOW, text)


def complain(error: RecurraError) -> None:
    """Write an error on stderr: what was given and expected, then what to do."""
    report_error(f"{error.got}; expected {error.expected}.\n{error.remedy}")


def report_error(text: str) -> None:
    """Write what went wrong on stderr."""
    _labelled("error:", RED, text)


def error_document(error: RecurraError) -> dict[str, Any]:
    """An error for programs, as `--json` puts it on stdout."""
    return {
        "error": {
            "kind": type(error).__name__,
            "message": str(error),
            "got": error.got,
            "expected": error.expected,
            "remedy": error.remedy,
            "exit_code": error.exit_code,
        }
    }


def _labelled(label: str, colour: str, text: str) -> None:
    """Lines under a label; broken at words in a terminal, left whole elsewhere."""
    lines = [visible(line) for line in text.rstrip("\n").split("\n")]
    if sys.stderr.isatty():
        room = width(sys.stderr) - len(label) - 1
        lines = [part for line in lines for part in textwrap.wrap(line, room, break_long_words=False) or [""]]
    indent = "\n" + " " * (len(label) + 1)
    sys.stderr.write(f"{paint(label, colour, sys.stderr)} {indent.join(lines)}\n")

"""Messages of a live session: rows in, what is said of each out, and a few words about the session itself.

A message holds lines of JSON: each a row (an object, or a list of values), or an object with the key "$do".
A row may say its number ("$row", from 1): then it is taken once, however often it is sent, and only in turn;
a list does so as an object of "$row" and "$values".
Each line gets a line in the answer, in the same order.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from recurra.errors import DataError, RecurraError, SessionError
from recurra.experiment.row import JSONWriter, parsed
from recurra.serving.batch import Answer, Row

DO, DID, ROW, ROWS, SESSION, LOST = "$do", "$did", "$row", "$rows", "$session", "$lost"
VALUES = "$values"
MOST_LINES = 1000
"""Lines of a message."""
COMMANDS = ("fork", "snapshot", "restore", "reset", "end")


class Command(NamedTuple):
    """Something to be done with the session.

    Attributes:
        name: One of `COMMANDS`.
        snapshot: What to go on from, of "restore".
    """

    name: str
    snapshot: str = ""


class Numbered(NamedTuple):
    """A row, and the number that its sender gave it."""

    row: Row
    number: int | None


Line: TypeAlias = Command | Numbered | DataError
"""A line of a message; one that cannot be understood is an error, and no row."""


def read(message: str) -> list[Line]:
    """The lines of a message; of several commands the first one counts."""
    if message.count("\n") >= MOST_LINES:
        what = f"a message of more than {MOST_LINES:,} lines"
        return [DataError(what, "fewer", "Send several messages; none of these lines was taken.")]
    lines: list[Line] = [_read(line) for line in message.split("\n") if line.strip()]
    commands = [place for place, line in enumerate(lines) if isinstance(line, Command)]
    for place in commands[1:]:
        lines[place] = DataError("another command in a message", "one", "Send them one by one.")
    return lines


def _read(line: str) -> Line:
    content = parsed(line)
    if not isinstance(content, dict):
        return Numbered(content, None)
    if DO in content:
        return _command(content)
    number = content.pop(ROW, None)
    if number is None:
        return Numbered(content, None)
    if type(number) is not int or number < 1:
        return DataError(f"{ROW} holds {number!r}", "a whole number from 1", "Count the session's rows.")
    if list(content) == [VALUES] and isinstance(content[VALUES], list):
        return Numbered(content[VALUES], number)
    return Numbered(content, number)


def _command(content: Mapping[str, Any]) -> Command | DataError:
    name, snapshot = content[DO], content.get("snapshot", "")
    if name not in COMMANDS or not isinstance(snapshot, str):
        what = f"{DO} holds {name!r}" if name not in COMMANDS else "a snapshot that is no text"
        return DataError(what, f"one of {', '.join(COMMANDS)}", "Correct it.")
    return Command(name, snapshot)


class Teller:
    """Writes answers."""

    def __init__(self) -> None:
        self._writer = JSONWriter(bare=False)

    def line(self, number: int, answers: Sequence[Answer]) -> str:
        """What is said of a row, in a line of JSON: an object, or a list of one for each series in it."""
        texts = [self._text(number, one) for one in answers]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"

    def _text(self, number: int, answer: Answer) -> str:
        if isinstance(answer, RecurraError):
            return fault(answer, number)
        kept = {ROW: number, **answer.kept}
        if answer.notes:
            kept["notes"] = list(answer.notes)
        return self._writer.text(kept, answer.values).rstrip("\n")


def fault(error: RecurraError, number: int | None = None, **beside: Any) -> str:
    """A line that says what is wrong with a line."""
    own = {} if number is None else {ROW: number}
    return json.dumps(
        {**own, "error": error.got, "expected": error.expected, "remedy": error.remedy, **beside}
    )


def did(name: str, **beside: Any) -> str:
    """A line that says that something was done with the session."""
    return json_line({DID: name, **beside})


def json_line(document: Mapping[str, Any]) -> str:
    """A document in a line."""
    return json.dumps(document, ensure_ascii=False)


def busy() -> SessionError:
    """The error for rows that were not taken, as too many wait."""
    return SessionError("too many rows at once", "fewer", "Send these rows again, a little later.")


def no_row() -> DataError:
    """The error for a line that is about a session where only rows are taken."""
    return DataError(f"a line with {DO}", "rows", "Open a WebSocket for a session that lasts.")

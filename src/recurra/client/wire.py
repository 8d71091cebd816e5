"""The lines of a live session, as docs/serving.md describes them: rows, what is said of them, commands."""

import datetime as dt
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from recurra.client.problem import not_understood
from recurra.errors import DataError, RecurraError, SessionError

ROW, ROWS, SESSION, VALUES = "$row", "$rows", "$session", "$values"
_DO, _ERROR, _AGAIN = "$do", "error", "retry_after"
REPLACED, TOO_LARGE = 4001, 1009
"""Codes of a closed WebSocket: another connection took over, a message was too large."""

Row: TypeAlias = Mapping[str, Any] | Sequence[Any]
Said: TypeAlias = dict[str, Any] | RecurraError
Answer: TypeAlias = Said | list[Said]
"""What is said of a row: values by name, or what is wrong with it; a list of these where it holds several."""


def body_of(row: Any) -> str:
    """A row as JSON, without its number; an object.

    Raises:
        DataError: It is no row, or JSON cannot hold it.
    """
    if isinstance(row, str | bytes) or not isinstance(row, Mapping | Sequence | np.ndarray):
        raise DataError(
            f"a row of type {type(row).__name__}", "a mapping of columns, or a list of values", "Pass one."
        )
    content = row if isinstance(row, Mapping) else {VALUES: list(row)}
    ours = [key for key in map(str, content) if key.startswith("$") and key != VALUES]
    if ours or (isinstance(row, Mapping) and VALUES in content):
        raise DataError(
            f"a row with {(ours or [VALUES])[0]!r}", "columns of data", "Names with $ are the session's."
        )
    try:
        text = json.dumps(content, default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"a row that JSON cannot hold ({error})", "texts, numbers and lists of these", "Convert it."
        ) from error
    return text.encode("utf-8", "replace").decode()


def plain(value: Any) -> Any:
    """What JSON has no form for, in one that it has."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"a value of type {type(value).__name__}")


def line_of(number: int, body: str) -> str:
    """A row with its number."""
    return f'{{"{ROW}": {number}}}' if body == "{}" else f'{{"{ROW}": {number}, {body[1:]}'


def command(name: str, snapshot: bytes | None = None) -> str:
    """A line that asks for something to be done with a session."""
    beside = {} if snapshot is None else {"snapshot": b64encode(snapshot).decode()}
    return json.dumps({_DO: name, **beside})


def snapshot_of(done: Mapping[str, Any]) -> bytes:
    """The snapshot in what was said of the command.

    Raises:
        ServerError: There is none.
    """
    try:
        return b64decode(done["snapshot"], validate=True)
    except (KeyError, TypeError, ValueError) as error:
        raise not_understood("no snapshot") from error


def parsed(line: str) -> Any:
    """What a line holds: an object, or a list of objects.

    Raises:
        ServerError: It holds something else.
    """
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise not_understood(line) from error
    if isinstance(content, dict):
        return content
    if isinstance(content, list) and all(isinstance(one, dict) for one in content):
        return content
    raise not_understood(line)


def answer_of(content: Any) -> Answer:
    """What is said of a row that was taken."""
    if isinstance(content, list):
        return [_said(one) for one in content]
    return _said(content)


def _said(content: Mapping[str, Any]) -> Said:
    if _ERROR in content and "remedy" in content:
        return fault(content, DataError)
    return {name: value for name, value in content.items() if name != ROW}


def fault(content: Mapping[str, Any], kind: type[RecurraError] = SessionError) -> RecurraError:
    """The error that a line tells of."""
    return kind(*(str(content.get(key, "")) for key in (_ERROR, "expected", "remedy")))


def is_fault(content: Any) -> bool:
    """Whether a line tells of an error."""
    return isinstance(content, dict) and _ERROR in content


def taken_before(content: Any) -> int | None:
    """How many rows a session had taken, where a line says that its own was not taken for good or for now."""
    rows = content.get(ROWS) if is_fault(content) else None
    return rows if isinstance(rows, int) else None


def seconds_to_wait(content: Any) -> float | None:
    """After how long a row is to be sent again, where a line says that too many wait."""
    seconds = content.get(_AGAIN) if is_fault(content) else None
    return float(seconds) if isinstance(seconds, int | float) else None


def raised(answer: Answer) -> dict[str, Any] | list[Said]:
    """What is said of a row.

    Raises:
        RecurraError: That it cannot be used, or that its answer was lost.
    """
    if isinstance(answer, RecurraError):
        raise answer
    return answer

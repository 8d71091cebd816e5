"""Rows as lines of text: JSON Lines or CSV, both ways."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from recurra.errors import ConfigError, DataError

FORMATS = ("auto", "jsonl", "csv")
Values: TypeAlias = Mapping[str, Any]


class Row(NamedTuple):
    """What a line says.

    Attributes:
        number: Of its line, from 1.
        content: Values by column, or a plain list of them.
    """

    number: int
    content: Mapping[str, Any] | Sequence[Any]


class Form(ABC):
    """How rows are read and predictions written."""

    @abstractmethod
    def rows(self, lines: Iterator[str]) -> Iterator[Row]:
        """The rows of lines, each as soon as its line is there.

        Raises:
            DataError: A line is no row; the message names it.
        """

    @abstractmethod
    def text(self, kept: Mapping[str, Any], values: Values) -> str:
        """A prediction as lines.

        Args:
            kept: What is repeated of the row.
            values: Name -> numbers, (steps,).
        """


class JSONLines(Form):
    """An object, a list or a number in every line.

    Args:
        bare: Whether predictions are plain lists, since the names of their values say nothing.
    """

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare

    def rows(self, lines: Iterator[str]) -> Iterator[Row]:
        """See `Form.rows`."""
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                content = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"line {number} is not valid JSON ({error})",
                    "an object, a list or a number in a line",
                    "Correct the line.",
                ) from error
            yield Row(number, content if isinstance(content, dict | list) else [content])

    def text(self, kept: Mapping[str, Any], values: Values) -> str:
        """See `Form.text`."""
        lists = {name: _value_as_json(own) for name, own in values.items()}
        if self._bare:
            return ", ".join(lists.values()) + "\n"
        entries = [f"{json.dumps(name)}: {_as_json(value)}" for name, value in kept.items()]
        entries += [f"{json.dumps(name)}: {own}" for name, own in lists.items()]
        return "{" + ", ".join(entries) + "}\n"


class CommaSeparated(Form):
    """A header, then a value for each of its columns in every line."""

    def __init__(self) -> None:
        self._header_written = False

    def rows(self, lines: Iterator[str]) -> Iterator[Row]:
        """See `Form.rows`."""
        reader = csv.reader(lines, strict=True)
        header: list[str] | None = None
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(
                    f"line {reader.line_num} is no row of a CSV ({error})",
                    "values with commas between",
                    "Correct the line.",
                ) from error
            if not any(cells):
                continue
            if header is None:
                header = cells
                _check_header(header)
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"line {reader.line_num} has {len(cells)} values",
                    f"{len(header)}, as the header has columns",
                    "Correct the line.",
                )
            yield Row(reader.line_num, dict(zip(header, cells, strict=True)))

    def text(self, kept: Mapping[str, Any], values: Values) -> str:
        """See `Form.text`; the first prediction comes with a header."""
        content = io.StringIO()
        writer = csv.writer(content, lineterminator="\n")
        if not self._header_written:
            columns = [column for name, own in values.items() for column in _columns(name, own)]
            writer.writerow([*kept, *columns])
            self._header_written = True
        writer.writerow([*kept.values(), *(text for own in values.values() for text in _cells(own))])
        return content.getvalue()


def form_of(name: str, first: str, *, bare: bool) -> Form:
    """The form that is named, or that the first line with something in it has.

    Args:
        name: One of `FORMATS`.
        first: That line.
        bare: As of `JSONLines`.

    Raises:
        ConfigError: There is no form of this name.
    """
    check_format(name)
    if name == "auto":
        name = "csv" if _is_header(first) else "jsonl"
    return CommaSeparated() if name == "csv" else JSONLines(bare=bare)


def check_format(name: str) -> None:
    """Make sure that there is a form of this name.

    Raises:
        ConfigError: There is none.
    """
    if name not in FORMATS:
        raise ConfigError(f"--format is {name!r}", f"one of {', '.join(FORMATS)}", "Choose one of these.")


def _is_header(line: str) -> bool:
    """Whether a line is no JSON but looks like names of columns."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return not line.lstrip().startswith(("{", "["))
    return line.lstrip().startswith('"')  # the quoted name of an only column


def _check_header(header: list[str]) -> None:
    if len(set(header)) < len(header):
        raise DataError(
            f"the header {','.join(header)!r} has a column twice", "each column once", "Rename or drop one."
        )


def _as_json(value: object) -> str:
    """A value as JSON has it, which knows neither NaN nor infinity, wherever in the value they are."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return "null"


def _value_as_json(value: Any) -> str:
    """An array as a list of its numbers; anything else as it is."""
    if isinstance(value, np.ndarray):
        return f"[{', '.join(_written(value, 'null'))}]"
    return _written(np.array([value]), "null")[0] if isinstance(value, np.floating) else _as_json(value)


def _columns(name: str, value: Any) -> list[str]:
    """The columns of a value: one for each number of an array, else its own name."""
    if isinstance(value, np.ndarray):
        return [f"{name}-{step}" for step in range(1, len(value) + 1)]
    return [name]


def _cells(value: Any) -> list[str]:
    """What stands in them; words of a list with spaces between."""
    if isinstance(value, np.ndarray):
        return _written(value, "")
    if isinstance(value, list):
        return [" ".join(map(str, value))]
    return _written(np.array([value]), "") if isinstance(value, np.floating) else [str(value)]


def _written(values: np.ndarray[Any, np.dtype[np.float32]], missing: str) -> list[str]:
    """Numbers in the fewest digits that tell them apart; `missing` for what is none."""
    return [str(value) if np.isfinite(value) else missing for value in values]

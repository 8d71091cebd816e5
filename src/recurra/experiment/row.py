"""Rows as lines of text: JSON Lines or CSV, both ways; a line that is none stops no other."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from recurra.data.separator import separator_of
from recurra.errors import ConfigError, DataError

FORMATS = ("auto", "jsonl", "csv")
Values: TypeAlias = Mapping[str, Any]


class Row(NamedTuple):
    """What a line says.

    Attributes:
        number: Of its line, from 1.
        content: Values by column, or a plain list of them; what is wrong with the line where it says neither.
    """

    number: int
    content: Mapping[str, Any] | Sequence[Any] | DataError


class Reader(ABC):
    """How rows are read."""

    @abstractmethod
    def rows(self, lines: Iterator[str]) -> Iterator[Row]:
        """The rows of lines, each as soon as its line is there; bytes that are no UTF-8 are surrogates."""


class Writer(ABC):
    """How predictions are written.

    Attributes:
        tells_faults: Whether what stands for a row that cannot be used says why.
    """

    tells_faults: ClassVar[bool]

    @abstractmethod
    def text(self, kept: Mapping[str, Any], values: Values) -> str:
        """A prediction as lines.

        Args:
            kept: What is repeated of the row.
            values: Name -> numbers or texts, (steps,).
        """

    @abstractmethod
    def fault(self, number: int, error: DataError) -> str:
        """What stands in the place of a prediction for a row that cannot be used."""


class JSONReader(Reader):
    """An object, a list or a number in every line."""

    def rows(self, lines: Iterator[str]) -> Iterator[Row]:
        """See `Reader.rows`."""
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield Row(number, parsed(line))


class JSONWriter(Writer):
    """An object in every line.

    Args:
        bare: Whether predictions are plain lists, since the names of their values say nothing.
    """

    tells_faults = True

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare

    def text(self, kept: Mapping[str, Any], values: Values) -> str:
        """See `Writer.text`."""
        lists = {name: _value_as_json(own) for name, own in values.items()}
        if self._bare:
            return ", ".join(lists.values()) + "\n"
        entries = [f"{json.dumps(name)}: {_as_json(value)}" for name, value in kept.items()]
        entries += [f"{json.dumps(name)}: {own}" for name, own in lists.items()]
        return "{" + ", ".join(entries) + "}\n"

    def fault(self, number: int, error: DataError) -> str:
        """See `Writer.fault`: the line, and what is wrong with it."""
        document = {"line": number, "error": error.got, "expected": error.expected, "remedy": error.remedy}
        return json.dumps(document) + "\n"


class CSVReader(Reader):
    """A header, then a value for each of its columns in every line; a cell never goes over a line's end.

    What separates them is what does in the header: a comma, a semicolon, a tab or a bar.

    Args:
        check: Raises `DataError` where rows with such columns are of no use.
    """

    def __init__(self, check: Callable[[Sequence[str]], None]) -> None:
        self._check = check

    def rows(self, lines: Iterator[str]) -> Iterator[Row]:
        """See `Reader.rows`.

        Raises:
            DataError: The header is none, or lacks a column, so that no row has sense.
        """
        header: list[str] | None = None
        separator = ","
        for number, line in enumerate(lines, start=1):
            if header is None and line.strip():
                separator = separator_of(line, "")
            cells = _cells_of(line, separator)
            if isinstance(cells, DataError):
                if header is None:
                    raise cells
                yield Row(number, cells)
            elif not any(cells):
                continue
            elif header is None:
                header = [cell.strip() for cell in cells]
                _check_header(header)
                self._check(header)
            else:
                yield Row(number, _named(header, cells))


class CSVWriter(Writer):
    """A header, then a line for each prediction; one without any value where a row cannot be used."""

    tells_faults = False

    def __init__(self) -> None:
        self._width = 0
        self._faults_before = 0

    def text(self, kept: Mapping[str, Any], values: Values) -> str:
        """See `Writer.text`; the first prediction comes with a header."""
        content = io.StringIO()
        writer = csv.writer(content, lineterminator="\n")
        if not self._width:
            columns = [column for name, own in values.items() for column in _columns(name, own)]
            self._width = len(kept) + len(columns)
            writer.writerow([*kept, *columns])
            content.write(self._empty() * self._faults_before)
        writer.writerow([*kept.values(), *(text for own in values.values() for text in _cells(own))])
        return content.getvalue()

    def fault(self, number: int, error: DataError) -> str:
        """See `Writer.fault`; the columns are not known before the first prediction, after which it comes."""
        del number, error
        if not self._width:
            self._faults_before += 1
            return ""
        return self._empty()

    def _empty(self) -> str:
        return "," * (self._width - 1) + "\n"


def form_of(name: str, first: str) -> str:
    """The form that is named, or that the first line with something in it has: "jsonl" or "csv".

    Raises:
        ConfigError: There is no form of this name.
    """
    check_format(name)
    if name != "auto":
        return name
    return "csv" if _is_header(first) else "jsonl"


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


def parsed(line: str) -> Mapping[str, Any] | Sequence[Any] | DataError:
    """The row that a line of JSON holds, or what is wrong with it."""
    if _is_mangled(line):
        return _not_utf8()
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        expected = "an object, a list or a number in a line"
        return DataError(f"no valid JSON ({error})", expected, "Correct the line.")
    return content if isinstance(content, dict | list) else [content]


def _cells_of(line: str, separator: str) -> list[str] | DataError:
    if _is_mangled(line):
        return _not_utf8()
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error as error:
        expected = f"values with {separator!r} between"
        return DataError(f"no row of a CSV ({error})", expected, "Correct the line.")


def _named(header: list[str], cells: list[str]) -> Mapping[str, Any] | DataError:
    if len(cells) != len(header):
        expected = f"{len(header)}, as the header has columns"
        return DataError(f"{len(cells)} values", expected, "Correct the line.")
    return dict(zip(header, cells, strict=True))


def _is_mangled(text: str) -> bool:
    """Whether a text holds bytes that were no UTF-8."""
    return any("\udc80" <= letter <= "\udcff" for letter in text) if not text.isascii() else False


def _not_utf8() -> DataError:
    """The error for bytes that are no text."""
    return DataError("bytes that are not UTF-8", "text in UTF-8", "Convert the rows.")


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
        return (
            json.dumps(value.tolist())
            if value.dtype.kind == "U"
            else f"[{', '.join(_written(value, 'null'))}]"
        )
    return _written(np.array([value]), "null")[0] if isinstance(value, np.floating) else _as_json(value)


def _columns(name: str, value: Any) -> list[str]:
    """The columns of a value: one for each number of an array, else its own name."""
    if isinstance(value, np.ndarray):
        return [f"{name}-{step}" for step in range(1, len(value) + 1)]
    return [name]


def _cells(value: Any) -> list[str]:
    """What stands in them; a list as JSON, as `recurra predict` has it."""
    if isinstance(value, np.ndarray):
        return _written(value, "")
    if isinstance(value, list):
        return [json.dumps(value, ensure_ascii=False)]
    return _written(np.array([value]), "") if isinstance(value, np.floating) else [str(value)]


def _written(values: np.ndarray, missing: str) -> list[str]:
    """Numbers in the fewest digits that tell them apart, `missing` for what is none; texts as they are."""
    if values.dtype.kind == "U":
        return [str(value) for value in values]
    return [str(value) if np.isfinite(value) else missing for value in values]

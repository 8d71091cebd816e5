"""CSV and TSV of texts: the line of every row, files without a header, quotes that only mean themselves."""

import csv
import io
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from recurra.data.comma_separated import check_names
from recurra.data.naming import counted
from recurra.data.separator import separator_of
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.rows import Rows, decoded, file_kind

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_LIMIT = threading.Lock()  # the longest field is a setting of the whole csv module
_LONGEST_FIELD = 1 << 30
_PEEKED = 1 << 16  # characters that say what separates


def read_delimited(path: Path) -> Rows:
    """Read a CSV or TSV file, also .gz.

    A first line that holds a number, a text of several words, or in TSV the same twice is no header: of two
    columns, the one with the longer values is then named `text` and the other `label`. Quotes of a TSV file
    quote only when all values that begin with one end with one.

    Raises:
        DataError: The file is no UTF-8, or a row has more or fewer columns than the first; with its line.
    """
    text = decoded(path)
    names, rows, lines, numbers = _parse(text, path.name, file_kind(path), strict=True)
    if not rows:
        raise DataError(f"{path} has no rows", "a row for each example", "Check the file.")
    frame = _typed(names, rows)
    places = [f"{path.name}, line {line}" for line in lines]
    found = Rows(frame, places, Table(frame, "polars", str(path)), numbers=numbers)
    skipped = numbers[-1] - len(numbers)
    return found.noting(f"skipped {counted(skipped, 'empty line')} of {path.name}" if skipped else "")


def parsed_frame(text: str, name: str, kind: str, *, strict: bool) -> pl.DataFrame:
    """The table that the beginning of a file holds."""
    names, rows, _, _ = _parse(text, name, kind, strict=strict)
    return _typed(names, rows)


def _parse(
    text: str, name: str, kind: str, *, strict: bool
) -> tuple[list[str], list[list[str]], list[int], list[int]]:
    """The names of the columns, and the rows that hold something, with line and number of each."""
    separator = separator_of(text[:_PEEKED], kind)
    quoting = csv.QUOTE_MINIMAL if separator != "\t" or _is_quoted(text) else csv.QUOTE_NONE
    found: list[list[str]] = []
    lines: list[int] = []
    numbers: list[int] = []
    for number, (line, row) in enumerate(_records(text, name, separator, quoting, strict=strict), start=1):
        if not any(cell.strip() for cell in row):
            continue
        if found and len(row) != len(found[0]):
            if not strict:
                continue
            raise DataError(
                f"{name}, line {line}: {len(row)} columns",
                f"{len(found[0])}, as in the first line",
                "Quote values that hold the separator, or write JSON Lines.",
            )
        found.append(row)
        lines.append(line)
        numbers.append(number)
    twice = separator == "\t" and len(found) > 0 and found[0] == found[0][:1] * 2
    if found and not twice and _is_header(found[0]):
        check_names(found[0], name)
        names = [one.strip() or f"column_{at + 1}" for at, one in enumerate(found[0])]
        return names, found[1:], lines[1:], [number - numbers[0] for number in numbers[1:]]
    return _names(found), found, lines, numbers


def _records(
    text: str, name: str, separator: str, quoting: int, *, strict: bool
) -> list[tuple[int, list[str]]]:
    """Rows, each with the line that it begins in."""
    found, begin = [], 1
    with _LIMIT:
        before = csv.field_size_limit(_LONGEST_FIELD)
        try:
            file = io.StringIO(text, newline="")
            reader = csv.reader(file, delimiter=separator, quoting=quoting, strict=strict)  # type: ignore[arg-type]
            for row in reader:
                found.append((begin, row))
                begin = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{name}, line {begin}: {error}",
                "values in quotes that end, with quotes inside doubled",
                "Correct the line, or write JSON Lines.",
            ) from error
        finally:
            csv.field_size_limit(before)
    return found


def _is_quoted(text: str) -> bool:
    """Whether the values of a TSV file that begin with a quote all are quoted as a whole."""
    found = False
    for match in re.finditer(r'(?:^|(?<=[\t\n]))"([^\t\n]*)', text):
        inner = match[1].rstrip("\r")
        if not inner.endswith('"') or inner[:-1].replace('""', "").count('"'):
            return False
        found = True
    return found


def _is_header(cells: Sequence[str]) -> bool:
    return not any(_NUMBER.fullmatch(cell) or cell.strip().count(" ") >= 3 for cell in cells)


def _names(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names for the columns of a file without a header."""
    width = len(rows[0]) if rows else 0
    if width == 1:
        return ["text"]
    if width != 2:
        return [f"column_{at + 1}" for at in range(width)]
    sizes = [sum(len(row[at]) for row in rows[:100]) for at in range(2)]
    return ["text", "label"] if sizes[0] >= sizes[1] else ["label", "text"]


def _typed(names: Sequence[str], rows: Sequence[Sequence[str]]) -> pl.DataFrame:
    columns = []
    for at, name in enumerate(names):
        column = pl.Series(name, [row[at] for row in rows], dtype=pl.String)
        for kind in (pl.Int64, pl.Float64):
            numbers = column.set(column.str.strip_chars() == "", None).cast(kind, strict=False)
            if numbers.null_count() == (column.str.strip_chars() == "").sum() < len(column):
                column = numbers
                break
        columns.append(column)
    return pl.DataFrame(columns)

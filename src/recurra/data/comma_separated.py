"""CSV and TSV files as polars frames: separators, decimal commas, times and missing values are seen."""

import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, cast

import polars as pl

from recurra.data.encoding import open_bytes, utf8_source
from recurra.data.timestamp import looks_like_time
from recurra.errors import DataError

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-")
SEPARATORS = (",", ";", "\t", "|")
_PEEKED_ROWS = 1000
_PEEKED_LINES = 20  # that say what separates
_DATA = re.compile(r"\s*([+-]?(\d+([.,]\d*)?|\.\d+)([eE][+-]?\d+)?|\d{4}-\d{1,2}-\d{1,2}.*)\s*")
_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
_THOUSANDS_COMMA = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$"


def read_csv(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    """Read a CSV or TSV file, also .gz.

    Raises:
        DataError: It is empty, has no header, or is no text in UTF-8.
        ColumnNotFoundError, PolarsError, OSError, ...: It cannot be read.
    """
    source = utf8_source(path, marked=True)
    first_lines = _first_lines(source)
    separator = separator_of(first_lines, path.name)
    try:
        head = pl.read_csv(source, separator=separator, n_rows=_PEEKED_ROWS, infer_schema=False)
    except pl.exceptions.NoDataError as error:
        raise DataError(
            f"{path} is empty", "a table with a header and rows", "Write the file again."
        ) from error
    except pl.exceptions.ComputeError:
        _check_widths(path, source, separator)
        raise
    _check_header(path, head.columns, separator)
    with suppress(csv.Error):  # what polars can read all the same
        check_names(next(csv.reader(io.StringIO(first_lines), delimiter=separator), []), str(path))
    wanted = None if columns is None else [name for name in columns if name in head.columns]
    if columns is not None and len(wanted or ()) < len(columns):
        raise pl.exceptions.ColumnNotFoundError(path)
    times = {name: pl.String() for name in wanted or head.columns if looks_like_time(head[name])}

    def read(inferred_rows: int | None) -> pl.DataFrame:
        if not isinstance(source, Path):
            source.seek(0)
        return pl.read_csv(
            source,
            columns=wanted,
            separator=separator,
            n_rows=rows,
            schema_overrides=times,  # left as text, whose style results are written in
            infer_schema_length=inferred_rows,
        )

    if not isinstance(source, Path):
        source.seek(0)
    try:
        frame = read(10_000)
    except pl.exceptions.ComputeError:
        _check_widths(path, source, separator)
        frame = read(None)  # a later row differs from the first ones: find the types from all rows
    if wanted is not None:
        frame = frame.select(wanted)
    texts = [column for column in frame if column.dtype == pl.String and column.name not in times]
    return frame.with_columns([_numbers(column, separator) for column in texts])


def separator_of(text: str, name: str) -> str:
    """What separates the values of a file: a tab in .tsv, else what each of the first lines holds as often.

    Args:
        text: The beginning of the file; what stands in quotes does not count.
        name: Its name.
    """
    if ".tsv" in name.lower():
        return "\t"
    outside = re.sub(r'"[^"]*"', "", text)
    lines = [line for line in outside.splitlines() if line.strip()][:_PEEKED_LINES]

    def fits(one: str) -> tuple[float, int, bool]:
        counts = [line.count(one) for line in lines] or [0]
        alike = counts.count(counts[0]) / len(counts) if counts[0] else 0.0
        return alike, counts[0], one == ","

    return max(SEPARATORS, key=fits)


def check_names(names: Sequence[str], source: str) -> None:
    """Make sure that no two columns have the same name; those without one are told apart by their place.

    Raises:
        DataError: Two have.
    """
    given = [name.strip() for name in names if name.strip()]
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{source} has two columns {twice!r}", "names of their own", "Rename one.")


def _first_lines(source: Path | io.BytesIO) -> str:
    """The first lines of a text in UTF-8."""
    with open_bytes(source) if isinstance(source, Path) else io.BytesIO(source.getvalue()) as file:
        content = b"".join(islice(file, _PEEKED_LINES))
    return content.decode("utf-8-sig", errors="replace").replace("\0", "")


def _check_header(path: Path, names: Sequence[str], separator: str) -> None:
    if names and all(_DATA.fullmatch(name.partition("_duplicated_")[0]) for name in names):
        raise DataError(
            f"the first line of {path} holds data ({separator.join(names[:3])!r}), no names of columns",
            "a header",
            f"Add a first line such as {separator.join(('ds', 'y', 'price')[: max(len(names), 1)])}",
        )


def _check_widths(path: Path, source: Path | io.BytesIO, separator: str) -> None:
    """Name the first line with more values than the header; only called after reading failed."""
    with open_bytes(path) if isinstance(source, Path) else io.BytesIO(source.getvalue()) as file:
        lines = io.TextIOWrapper(cast("IO[bytes]", file), encoding="utf-8", errors="replace", newline="")
        reader = csv.reader(lines, delimiter=separator)
        try:
            width = len(next(reader, []))
            wrong = next((cells for cells in reader if len(cells) > width), None)
        except csv.Error:
            return  # what polars said is told
    if wrong is not None:
        raise DataError(
            f"line {reader.line_num} of {path} holds {len(wrong)} values",
            f"{width}, as the header has columns",
            "Correct the line, or quote values that hold the separator.",
        )


def _numbers(column: pl.Series, separator: str) -> pl.Series:
    """A text column as numbers when all of it is numbers or words for a missing value, but not only these."""
    for part in (column.head(_PEEKED_ROWS), column):
        known = part.str.strip_chars()
        known = known.set(known.is_in(MISSING_WORDS), None)
        numbers = known.cast(pl.Float64, strict=False)
        if numbers.null_count() > known.null_count():
            known = _with_point(known, separator)
            numbers = known.cast(pl.Float64, strict=False)
        if numbers.null_count() > known.null_count():
            return column
    return column if numbers.null_count() == len(numbers) > 0 else numbers


def _with_point(texts: pl.Series, separator: str) -> pl.Series:
    """Numbers as they are written elsewhere, 1.234,5 or 1,234.5, with a decimal point and no other sign.

    Where both readings fit (1,234), a comma is a decimal one unless it separates columns too.
    """
    for pattern, drop, comma in _readings(separator):
        if texts.str.contains(pattern).all():
            return texts.str.replace_all(drop, "", literal=True).str.replace(comma, ".", literal=True)
    return texts


def _readings(separator: str) -> list[tuple[str, str, str]]:
    decimal, thousands = (_DECIMAL_COMMA, ".", ","), (_THOUSANDS_COMMA, ",", ".")
    return [thousands, decimal] if separator == "," else [decimal, thousands]

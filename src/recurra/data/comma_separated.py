"""CSV and TSV files as polars frames, and back: separators, decimal commas, times, missing values seen."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from recurra.data.decimal import Decimals
from recurra.data.encoding import open_bytes, utf8_source
from recurra.data.number_text import as_numbers, example, likely_sign, signs
from recurra.data.separator import beginning, is_data
from recurra.data.timestamp import looks_like_time
from recurra.errors import DataError

_PEEKED_ROWS = 1000
_PEEKED_LINES = 20


def read_csv(path: Path, columns: Sequence[str] | None, rows: int | None, decimals: Decimals) -> pl.DataFrame:
    """Read a CSV or TSV file, also .gz.

    Lines above the header, blank lines below the table and blank cells right of it are left out; names lose
    the spaces around them. What is found of the decimal sign, and of doubts, goes to `decimals`.

    Raises:
        DataError: It is empty, has no header, or is no text in UTF-8.
        ColumnNotFoundError, PolarsError, OSError, ...: It cannot be read.
    """
    source, above, separator = _table_of(utf8_source(path, marked=True), path.name)
    options: dict[str, Any] = {"separator": separator}
    try:
        head = _head(source, options)
    except pl.exceptions.NoDataError as error:
        raise DataError(
            f"{path} is empty", "a table with a header and rows", "Write the file again."
        ) from error
    except pl.exceptions.ComputeError:
        _check_widths(path, source, separator, above)
        options["truncate_ragged_lines"] = True
        head = _head(source, options)
    _check_header(path, source, head.columns, separator)
    own = {name.strip() or name: name for name in head.columns}
    if columns is not None and not set(columns) <= set(own):
        raise pl.exceptions.ColumnNotFoundError(path)
    wanted = list(own) if columns is None else list(columns)
    times = {own[name] for name in wanted if looks_like_time(head[own[name]])}  # keep their style as text
    options |= {"columns": [own[name] for name in wanted], "n_rows": rows}
    signed = [name for name in _signed(head, decimals) if name in options["columns"]]
    options["schema_overrides"] = dict.fromkeys((*signed, *times), pl.String())
    try:
        frame = pl.read_csv(_again(source), infer_schema_length=10_000, **options)
    except pl.exceptions.ComputeError:
        _check_widths(path, source, separator, above)
        options["truncate_ragged_lines"] = True
        frame = pl.read_csv(_again(source), infer_schema_length=None, **options)  # types from all rows
    frame = _without_blank_end(frame.select(own[name] for name in wanted))
    texts = [column for column in frame if column.dtype == pl.String and column.name not in times]
    frame = frame.with_columns([_numbers(column, separator, decimals, signed) for column in texts])
    return frame.rename({own[name]: name for name in wanted})


def _signed(head: pl.DataFrame, decimals: Decimals) -> list[str]:
    """The columns whose numbers are read as text, since a point in them may be no decimal one.

    The decimal sign is settled where a column leaves no choice.
    """
    found = {column.name: fitting for column in head if (fitting := signs(column))}
    found = {name: fitting for name, fitting in found.items() if not looks_like_time(head[name])}
    settled = {fitting for fitting in found.values() if len(fitting) == 1}
    if not decimals.sign and len(settled) == 1:
        decimals.sign = settled.pop()
    return [name for name, fitting in found.items() if decimals.sign == "," or "," in fitting]


def _numbers(column: pl.Series, separator: str, decimals: Decimals, signed: Sequence[str]) -> pl.Series:
    """A text column as numbers, if it is some; a sign that may be decimal or not is settled, or told."""
    sign = decimals.sign
    if not sign and column.name in signed:
        fitting = signs(column)
        sign = fitting if len(fitting) == 1 else likely_sign(column, separator)
        if len(fitting) > 1 and not sign:
            decimals.doubtful[column.name.strip()] = example(column)
    return as_numbers(column, separator, sign)


def _head(source: Path | io.BytesIO, options: Mapping[str, Any]) -> pl.DataFrame:
    return pl.read_csv(_again(source), n_rows=_PEEKED_ROWS, infer_schema=False, **options)


def _again(source: Path | io.BytesIO) -> Path | io.BytesIO:
    """A source, read from its beginning."""
    if not isinstance(source, Path):
        source.seek(0)
    return source


def _table_of(source: Path | io.BytesIO, name: str) -> tuple[Path | io.BytesIO, int, str]:
    """The source from its header on, how many lines stood above, and what separates its values."""
    first_lines = _first_lines(source)
    if "\r" in first_lines and "\n" not in first_lines:  # as old spreadsheets end lines
        source = io.BytesIO(_content(source).replace(b"\r", b"\n"))
        first_lines = _first_lines(source)
    above, separator = beginning(first_lines, name)
    if above:
        source = io.BytesIO(_content(source).split(b"\n", above)[above])
    return source, above, separator


def _content(source: Path | io.BytesIO) -> bytes:
    with open_bytes(source) if isinstance(source, Path) else io.BytesIO(source.getvalue()) as file:
        return file.read()


def _without_blank_end(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows up to the last one that says something; of a single column all."""
    if frame.width < 2 or not frame.height:
        return frame
    said = [
        pl.col(name).str.strip_chars() != "" if kind == pl.String else pl.col(name).is_not_null()
        for name, kind in frame.schema.items()
    ]
    rows = frame.select(pl.any_horizontal(said).fill_null(value=False)).to_series().arg_true()
    return frame.head(int(rows[-1]) + 1) if len(rows) else frame


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


def _check_header(path: Path, source: Path | io.BytesIO, names: Sequence[str], separator: str) -> None:
    if is_data([name.partition("_duplicated_")[0] for name in names]):
        raise DataError(
            f"the first line of {path} holds data ({separator.join(names[:3])!r}), no names of columns",
            "a header",
            f"Add a first line such as {separator.join(('ds', 'y', 'price')[: max(len(names), 1)])}",
        )
    with suppress(csv.Error):  # what polars can read all the same
        check_names(next(csv.reader(io.StringIO(_first_lines(source)), delimiter=separator), []), str(path))


def _check_widths(path: Path, source: Path | io.BytesIO, separator: str, above: int) -> None:
    """Name the first line with more values than the header, if not blank; only called after reading failed.

    Args:
        path: What the file is called.
        source: The table in it.
        separator: What separates values.
        above: Lines above its header.
    """
    with open_bytes(path) if isinstance(source, Path) else io.BytesIO(source.getvalue()) as file:
        lines = io.TextIOWrapper(cast("IO[bytes]", file), encoding="utf-8", errors="replace", newline="")
        reader = csv.reader(lines, delimiter=separator)
        try:
            width = len(next(reader, []))
            wrong = next((cells for cells in reader if any(map(str.strip, cells[width:]))), None)
        except csv.Error:
            return  # what polars said is told
    if wrong is not None:
        raise DataError(
            f"line {reader.line_num + above} of {path} holds {len(wrong)} values",
            f"{width}, as the header has columns",
            "Correct the line, quote values that hold the separator, or remove lines above the header.",
        )


def as_csv(frame: pl.DataFrame) -> str:
    """Rows as CSV, which knows no lists: they stand as JSON, so that nothing runs together."""
    return frame.with_columns(_as_json(one) for one in frame if one.dtype.is_nested()).write_csv()


def _as_json(lists: pl.Series) -> pl.Series:
    cells = [None if own is None else json.dumps(own, ensure_ascii=False) for own in lists.to_list()]
    return pl.Series(lists.name, cells, dtype=pl.String)

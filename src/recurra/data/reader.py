"""Files as polars frames, with errors that say which file, which line, and what to do."""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from recurra.data.naming import listed, suggestion
from recurra.data.timestamp import looks_like_time, parse_text
from recurra.errors import DataError

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-")
_PEEKED_ROWS = 1000
_SEPARATORS = (",", ";", "\t", "|")
_UNREADABLE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,  # what polars makes of some altered bytes in a Parquet file
    OSError,
    EOFError,
    ValueError,
    zlib.error,
)


def read_file(path: Path, columns: Sequence[str] | None = None, rows: int | None = None) -> pl.DataFrame:
    """Read a table from .csv, .tsv, .jsonl, .ndjson (each also .gz) or .parquet.

    Args:
        path: The file; its name says its format.
        columns: The only ones to read, to save memory.
        rows: At most so many from the top.

    Raises:
        DataError: The file is missing, empty, damaged or of an unknown format, or lacks a column.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {state}", "a file with a table", "Check the path.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty", "a table with a header and rows", "Write the file again.")
    reader = _reader(path)
    try:
        return reader(path, columns, rows)
    except pl.exceptions.ColumnNotFoundError:
        there = reader(path, None, 1).columns
        require_columns(there, columns or (), str(path))
        raise
    except _UNREADABLE as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"{path} cannot be read ({reason})",
            f"a whole {path.suffix} file, text in UTF-8",
            "Write the file again or restore it.",
        ) from error


def missing_column(name: str, there: Sequence[str], source: str) -> DataError:
    """The error for a column that a table does not have; it names those that it has."""
    return DataError(
        f"{source} has no column {name!r}",
        f"one of its columns: {listed(there, 30)}",
        suggestion(name, there, "Choose one of these."),
    )


def require_columns(there: Sequence[str], wanted: Sequence[str], source: str) -> None:
    """Make sure that a table has some columns.

    Raises:
        DataError: It lacks one.
    """
    for name in wanted:
        if name not in there:
            raise missing_column(name, there, source)


Reader = Callable[[Path, Sequence[str] | None, int | None], pl.DataFrame]


def _reader(path: Path) -> Reader:
    readers: dict[str, Reader] = {
        ".csv": _read_csv,
        ".tsv": _read_csv,
        ".jsonl": _read_json_lines,
        ".ndjson": _read_json_lines,
        ".parquet": _read_parquet,
    }
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compressed = suffixes[-1:] == [".gz"]
    suffix = "".join(suffixes[-2:-1] if compressed else suffixes[-1:])
    if suffix not in readers or (compressed and suffix == ".parquet"):
        raise DataError(
            f"{path} has an unknown format",
            f"a name that ends in {', '.join(readers)}, or .gz after a text format",
            "Convert the table to one of these.",
        )
    return readers[suffix]


def _read_parquet(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    return pl.read_parquet(path, columns=None if columns is None else list(columns), n_rows=rows)


def _read_csv(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    separator = _separator(path)
    try:
        head = pl.read_csv(path, separator=separator, n_rows=_PEEKED_ROWS, infer_schema=False)
    except pl.exceptions.NoDataError as error:
        raise DataError(
            f"{path} is empty", "a table with a header and rows", "Write the file again."
        ) from error
    require_columns(head.columns, columns or (), str(path))
    wanted = None if columns is None else list(columns)
    times = {name: pl.String() for name in wanted or head.columns if looks_like_time(head[name])}

    def read(inferred_rows: int | None) -> pl.DataFrame:
        return pl.read_csv(
            path,
            columns=wanted,
            separator=separator,
            n_rows=rows,
            schema_overrides=times,  # read as text and parsed afterwards, which is three times as fast
            infer_schema_length=inferred_rows,
        )

    try:
        frame = read(10_000)
    except pl.exceptions.ComputeError:
        frame = read(None)  # a later row differs from the first ones: find the types from all rows
    if wanted is not None:
        frame = frame.select(wanted)
    for name in times:
        frame = frame.with_columns(_times(frame[name]))
    return frame.with_columns([_numbers(column) for column in frame if column.dtype == pl.String])


def _times(column: pl.Series) -> pl.Series:
    """A text column as times, or as it is when not all of it can be read; whoever needs times will say so."""
    try:
        return parse_text(column)
    except DataError:
        return column


def _numbers(column: pl.Series) -> pl.Series:
    """A text column as numbers when all of it is numbers or words for a missing value, but not only these."""
    for part in (column.head(_PEEKED_ROWS), column):
        known = part.str.strip_chars()
        known = known.set(known.is_in(MISSING_WORDS), None)
        numbers = known.cast(pl.Float64, strict=False)
        if numbers.null_count() > known.null_count():
            return column
    return column if numbers.null_count() == len(numbers) > 0 else numbers


def _separator(path: Path) -> str:
    """A tab for .tsv; otherwise a comma, or what separates the header when it has no comma."""
    if ".tsv" in path.name.lower():
        return "\t"
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
        header = file.readline().decode("utf-8", errors="replace")
    return next((separator for separator in _SEPARATORS if separator in header), ",")


def _read_json_lines(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    source: Path | io.BytesIO = path
    if path.suffix.lower() == ".gz":
        source = io.BytesIO(gzip.decompress(path.read_bytes()))
    try:
        lazy = pl.scan_ndjson(source, n_rows=rows, infer_schema_length=10_000)
        return (lazy if columns is None else lazy.select(columns)).collect()
    except pl.exceptions.ColumnNotFoundError:
        raise
    except pl.exceptions.PolarsError as error:
        _find_bad_line(path)
        if isinstance(source, io.BytesIO):
            source.seek(0)
        try:
            lazy = pl.scan_ndjson(source, n_rows=rows, infer_schema_length=None)
            return (lazy if columns is None else lazy.select(columns)).collect()
        except pl.exceptions.PolarsError:
            raise error from None


def _find_bad_line(path: Path) -> None:
    """Raise the error that names the first line which is no JSON object; only called after reading failed."""
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                good = not line.strip() or isinstance(json.loads(line), dict)
            except ValueError:
                good = False
            if not good:
                shown = line.decode("utf-8", errors="replace").strip()[:60]
                raise DataError(
                    f"line {number} of {path} is not valid JSON ({shown!r})",
                    "one JSON object a line",
                    "Correct or remove that line.",
                )

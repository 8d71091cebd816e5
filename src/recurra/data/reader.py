"""Files as polars frames, with errors that say which file, which line, and what to do."""

import atexit
import gzip
import io
import json
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import polars as pl

from recurra.data.comma_separated import read_csv
from recurra.data.decimal import Decimals
from recurra.data.encoding import decoded, open_bytes, utf8_source
from recurra.data.naming import counted, listed, suggestion
from recurra.errors import DataError, MissingDependencyError

_UNREADABLE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,  # what polars makes of some altered bytes in a Parquet file
    OSError,
    EOFError,
    ValueError,
    zlib.error,
)


def read_file(
    path: Path,
    columns: Sequence[str] | None = None,
    rows: int | None = None,
    decimals: Decimals | None = None,
) -> pl.DataFrame:
    """Read a table from .csv, .tsv, .jsonl, .ndjson, .json (also .gz), .parquet, .xlsx, or a .zip of one.

    Args:
        path: The file; its name says its format.
        columns: The only ones to read, to save memory.
        rows: At most so many from the top.
        decimals: The decimal sign of numbers as text; what is found of it is put there.

    Raises:
        DataError: The file is missing, empty, damaged or of an unknown format, or lacks a column.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {state}", "a file with a table", "Check the path.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty", "a table with a header and rows", "Write the file again.")
    reader = _reader(path, Decimals() if decimals is None else decimals)
    with damage_of_file_told(path, path.suffix):
        try:
            return reader(path, columns, rows)
        except pl.exceptions.ColumnNotFoundError:
            there = reader(path, None, 1).columns
            require_columns(there, columns or (), str(path))
            raise


def parquet_slices(path: Path, column: str, rows: int) -> Iterator[pl.Series]:
    """A column of a Parquet file, so many rows at once.

    Raises:
        DataError: The file is damaged.
    """
    with damage_of_file_told(path, path.suffix):
        lazy = pl.scan_parquet(path).select(column)
        height = int(lazy.select(pl.len()).collect().item())
        for begin in range(0, height, rows):
            yield lazy.slice(begin, rows).collect()[column]


@contextmanager
def damage_of_file_told(path: Path | str, suffix: str) -> Iterator[None]:
    """Tell what cannot be read in the block as a DataError about a file, whose name ends as its format."""
    try:
        yield
    except _UNREADABLE as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"{path} cannot be read ({reason})",
            f"a whole {suffix} file, text in UTF-8",
            "Write the file again or restore it.",
        ) from error


@contextmanager
def named_as(path: Path, name: str) -> Iterator[None]:
    """Let the errors of the block call a file that only we know by a name that people know.

    Raises:
        DataError: As in the block.
    """
    try:
        yield
    except DataError as error:
        raise DataError(error.got.replace(str(path), name), error.expected, error.remedy) from error


@cache
def standard_input() -> Path:
    """What standard input holds, as a file that is there as long as the process; what it is, is looked at.

    Raises:
        DataError: Nothing came.
    """
    content = sys.stdin.buffer.read()
    if not content.strip():
        raise DataError("nothing on standard input", "a table", "Pipe one in, or name a file.")
    kinds = {b"PAR1": ".parquet", b"PK": ".xlsx", b"{": ".jsonl", b"[": ".json", b"MThd": ".mid"}
    start = content.lstrip()[:4]
    kind = next((own for mark, own in kinds.items() if start.startswith(mark)), ".csv")
    folder = tempfile.mkdtemp(prefix="recurra-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / f"input{kind}"
    path.write_bytes(content)
    return path


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


def _reader(path: Path, decimals: Decimals) -> Reader:
    read_text = partial(read_csv, decimals=decimals)
    readers: dict[str, Reader] = {
        ".csv": read_text,
        ".tsv": read_text,
        ".jsonl": _read_json_lines,
        ".ndjson": _read_json_lines,
        ".json": _read_json,
        ".parquet": _read_parquet,
        ".xlsx": _read_excel,
        ".zip": partial(_read_zip, decimals=decimals),
    }
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compressed = suffixes[-1:] == [".gz"]
    suffix = "".join(suffixes[-2:-1] if compressed else suffixes[-1:])
    if suffix not in readers or (compressed and suffix in (".parquet", ".xlsx", ".zip")):
        raise DataError(
            f"{path} has an unknown format",
            f"a name that ends in {', '.join(readers)}, or .gz after a text format",
            "Convert the table to one of these.",
        )
    return readers[suffix]


def _read_zip(
    path: Path, columns: Sequence[str] | None, rows: int | None, decimals: Decimals
) -> pl.DataFrame:
    """The one file in an archive."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            files = [one for one in archive.infolist() if not one.is_dir() and "__MACOSX" not in one.filename]
            if len(files) != 1:
                raise DataError(
                    f"{path} holds {counted(len(files), 'file')}", "one table in an archive", "Unpack it."
                )
            inner = Path(folder) / Path(files[0].filename).name
            with archive.open(files[0]) as packed, inner.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
            with named_as(inner, f"{inner.name} in {path}"):
                return read_file(inner, columns, rows, decimals)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
    ) as error:  # encrypted; packed in other ways
        raise DataError(
            f"{path} cannot be read ({error})", "a whole archive without a password", "Unpack it."
        ) from error


def _read_excel(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    """The first sheet of a workbook."""
    try:
        import fastexcel  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingDependencyError(
            f"{path} is a workbook of Excel",
            "fastexcel to be installed",
            "Run: pip install 'recurra[excel]', or save the sheet as CSV.",
        ) from error
    try:
        frame = pl.read_excel(path, columns=None if columns is None else list(columns))
    except fastexcel.FastExcelError as error:
        raise ValueError(str(error).partition("\n")[0]) from error
    return frame if rows is None else frame.head(rows)


def _read_json(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    """An array of objects; or objects, one in a line."""
    with open_bytes(path) as file:
        content = decoded(file.read(), str(path))
    if not content.lstrip().startswith("["):
        return _read_json_lines(path, columns, rows)
    try:
        listed_rows = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no valid JSON ({error})", "an array of objects", "Correct it.") from error
    wrong = next((at for at, one in enumerate(listed_rows) if not isinstance(one, dict)), None)
    if wrong is not None or not listed_rows:
        what = f"entry {wrong + 1} of {path} is no object" if wrong is not None else f"{path} is empty"
        raise DataError(what, "an array of objects", "Correct it.")
    frame = pl.DataFrame(listed_rows[:rows], infer_schema_length=None)
    return frame if columns is None else frame.select(columns)


def _read_parquet(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    return pl.read_parquet(path, columns=None if columns is None else list(columns), n_rows=rows)


def _read_json_lines(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.DataFrame:
    source = utf8_source(path, marked=False)
    if path.suffix.lower() == ".gz" and isinstance(source, Path):
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
    with open_bytes(path) as file:
        blank = True
        for number, line in enumerate(file, start=1):
            blank = blank and not line.strip()
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
    if blank:
        raise DataError(f"{path} is empty", "one JSON object a line", "Write the file again.")

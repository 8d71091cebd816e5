"""What a source looks like from its first rows, and which of its columns is what."""

import zlib
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from recurra.data.encoding import open_bytes
from recurra.data.partitions import is_partitioned
from recurra.data.table import Table, read_table
from recurra.errors import DataError
from recurra.inputs.delimited import parsed_frame
from recurra.inputs.examples import Keep
from recurra.inputs.rows import decoded, file_kind, is_mostly_numbers, path_of, sample_name
from recurra.inputs.samples import load_sample

TEXT_NAMES = (
    "text",
    "sentence",
    "review",
    "content",
    "message",
    "comment",
    "body",
    "document",
    "tweet",
    "title",
)
TOKEN_NAMES = ("tokens", "words", "forms", "symbols")
ID_NAMES = ("unique_id", "series_id", "sequence_id", "id")
_ROWS = 200
_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".zip")


def glance(source: Any) -> pl.DataFrame | None:
    """The first rows of a source; None when it is no table.

    Raises:
        DataError: It is one, and cannot be read.
    """
    name = sample_name(source)
    path = path_of(source)
    if name is not None:
        return load_sample(name)
    if path is None:
        if isinstance(source, str | list | tuple) and not is_partitioned(source):
            return None
        return read_table(source.frame if isinstance(source, Table) else source, rows=_ROWS).frame
    if file_kind(path) not in _TABLES or not path.is_file():
        return None
    if file_kind(path) in (".csv", ".tsv"):
        frame = parsed_frame(_head(path), str(path), file_kind(path), strict=False)
        if not frame.height:
            raise DataError(f"{path} has no rows", "a row for each example", "Check the file.")
        return frame
    return read_table(path, rows=_ROWS).frame


def left_of(frame: pl.DataFrame, keep: Keep) -> pl.DataFrame:
    """The columns that a task does not keep for itself."""
    return frame.drop(keep(frame).names, strict=False)


def id_name(frame: pl.DataFrame, wanted: str = "auto") -> str | None:
    """The column that says which sequence a row belongs to: the named one, else a known one that repeats."""
    if wanted != "auto":
        return wanted if wanted in frame.columns else None
    by_lower = {name.lower(): name for name in frame.columns}
    for name in ID_NAMES:
        if name in by_lower:
            column = frame[by_lower[name]]
            if not column.dtype.is_nested() and column.n_unique() < len(column):
                return by_lower[name]
    return None


def is_prose(column: pl.Series) -> bool:
    """Whether a column holds texts rather than categories: of three words or 25 characters, on average."""
    if column.dtype != pl.String:
        return False
    known = column.drop_nulls().head(_ROWS)
    if not len(known):
        return False
    spaces, length = known.str.count_matches(" ").mean(), known.str.len_chars().mean()
    return float(spaces or 0) >= 2 or float(length or 0) >= 25  # type: ignore[arg-type]


def texts_first(frame: pl.DataFrame) -> pl.DataFrame:
    """The same columns, those first that are likely the text: by their names, then the longest."""
    known = [*TOKEN_NAMES, *TEXT_NAMES]

    def rank(column: pl.Series) -> tuple[int, float]:
        if is_known_text(column):
            return known.index(column.name.lower()), 0.0
        prose = is_prose(column) or is_list_of_text(column)
        return (len(known), -text_length(column)) if prose else (len(known) + 1, 0.0)

    return frame.select([one.name for one in sorted(frame, key=rank)])


def is_known_text(column: pl.Series) -> bool:
    """Whether a column holds texts or tokens and is called so."""
    name = column.name.lower()
    return (name in TEXT_NAMES and column.dtype == pl.String) or (
        name in TOKEN_NAMES and (column.dtype == pl.String or is_list_of_text(column))
    )


def text_length(column: pl.Series) -> float:
    """How long texts or lists are, on average of the first ones."""
    known = column.drop_nulls().head(1000)
    sizes = known.str.len_chars() if known.dtype == pl.String else known.list.len()
    return float(sizes.mean() or 0)  # type: ignore[arg-type]


def has_text(frame: pl.DataFrame, keep: Keep) -> bool:
    """Whether a column that is left holds texts, or lists of tokens that stand beside no lists of numbers.

    Lists of fractions are never told, so that beside them other lists are.
    """
    left = left_of(texts_first(frame), keep)
    numeric = any(is_channel(one) for one in left)
    numeric |= any(isinstance(one.dtype, pl.List) and one.dtype.inner.is_float() for one in frame)
    return any(is_known_text(one) or is_prose(one) or (is_list_of_text(one) and not numeric) for one in left)


def lists_first(frame: pl.DataFrame) -> pl.DataFrame:
    """The same columns, lists of numbers first."""
    return frame.select([one.name for one in sorted(frame, key=lambda one: not is_channel(one))])


def has_channels(frame: pl.DataFrame, keep: Keep) -> bool:
    """Whether a column that is left holds lists of numbers."""
    return any(is_channel(one) for one in left_of(lists_first(frame), keep))


def is_list_of_text(column: pl.Series) -> bool:
    """Whether a column holds lists of texts."""
    return isinstance(column.dtype, pl.List) and column.dtype.inner == pl.String


def is_list_of_numbers(column: pl.Series) -> bool:
    """Whether a column holds lists of numbers."""
    kind = column.dtype
    if not isinstance(kind, pl.List | pl.Array):
        return False
    inner = kind.inner
    return isinstance(inner, pl.DataType) and (inner.is_numeric() or inner == pl.Boolean)


def is_channel(column: pl.Series) -> bool:
    """Whether a column holds lists of numbers, or of texts that nearly all are some."""
    return is_list_of_numbers(column) or (isinstance(column.dtype, pl.List) and is_mostly_numbers(column))


def _head(path: Path) -> str:
    """The first lines of a file.

    Raises:
        DataError: There are none, or it is damaged.
    """
    try:
        with open_bytes(path) as file:
            head = b"".join(islice(file, _ROWS)).decode("utf-8-sig", errors="replace")
    except (OSError, EOFError, zlib.error):
        return decoded(path)
    return head if head.strip() else decoded(path)

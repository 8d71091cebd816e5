"""What a source looks like from its first rows, and which of its columns is what."""

import gzip
import zlib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from recurra.data.table import SAMPLE_PREFIX, Table, read_table
from recurra.errors import RecurraError
from recurra.inputs.delimited import parsed_frame
from recurra.inputs.rows import file_kind, path_of, sample_name
from recurra.inputs.samples import load_sample

LABEL_NAMES = ("label", "labels", "class", "target", "category", "sentiment", "y")
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
TAG_NAMES = ("tags", "upos", "xpos", "ner_tags", "pos_tags", "chunk_tags", "tag", "ner", "pos")
ID_NAMES = ("unique_id", "series_id", "sequence_id", "id")
_ROWS = 200
_UNREADABLE = (RecurraError, OSError, EOFError, ValueError, zlib.error, pl.exceptions.PolarsError)


def glance(source: Any) -> pl.DataFrame | None:
    """The first rows of a source; None when it is no table that can be read."""
    name = sample_name(source)
    path = path_of(source)
    try:
        if name is not None:
            return load_sample(name)
        if path is not None and file_kind(path) in (".csv", ".tsv"):
            return parsed_frame(_head(path), str(path), file_kind(path), strict=False)
        if path is not None and path.is_dir():
            return None
        if isinstance(source, str) and source.startswith(SAMPLE_PREFIX):
            return None
        return read_table(source.frame if isinstance(source, Table) else source, rows=_ROWS).frame
    except _UNREADABLE:
        return None


def label_name(names: Sequence[str], config: Any) -> str | None:
    """The column that a task is to tell: the one that its settings name, else one with a known name."""
    wanted = getattr(config, "label", "auto")
    if wanted != "auto":
        return wanted if wanted in names else None
    by_lower = {name.lower(): name for name in names}
    return next((by_lower[name] for name in LABEL_NAMES if name in by_lower), None)


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


def has_text(frame: pl.DataFrame) -> bool:
    """Whether a column holds texts, or lists of tokens; labels and tags are neither."""
    named = {name.lower(): frame[name].dtype for name in frame.columns}
    if any(named.get(name) == pl.String for name in TEXT_NAMES):
        return True
    columns = [one for one in frame if one.name.lower() not in (*LABEL_NAMES, *TAG_NAMES)]
    return any(is_prose(one) or is_list_of_text(one) for one in columns)


def has_channels(frame: pl.DataFrame) -> bool:
    """Whether a column holds lists of numbers that are neither labels nor tags."""
    unlike = {*LABEL_NAMES, *TAG_NAMES} - {"y"}
    return any(is_list_of_numbers(one) for one in frame if one.name.lower() not in unlike)


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


def _head(path: Path) -> str:
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
        return b"".join(islice(file, _ROWS)).decode("utf-8-sig", errors="replace")

"""Pairs of texts, what is read and what is written, from two files or from a table."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from recurra.data.naming import listed
from recurra.data.table import STANDARD_INPUT, Table
from recurra.errors import DataError
from recurra.inputs.delimited import read_delimited
from recurra.inputs.glance import TEXT_NAMES
from recurra.inputs.rows import Rows, decoded, file_kind, path_of, read_rows

TARGET_NAMES = ("target", "translation", "output", "answer", "label")
SOURCE_NAMES = ("source", "input", *TEXT_NAMES)
_TABLES = (".csv", ".tsv")
_PLAIN = ("", ".txt")
SOURCE, TARGET = "source", "target"
_NAME = re.compile(r"[\w \-]+")


def read_pairs(source: Any, wanted: str, target_file: str | None, *, told: bool = True) -> Table:
    """A table of the columns `source` and, if there is one, `target`.

    Args:
        source: A text file with a text in each line, beside `target_file`; a table of two columns of texts,
            of which the first is read where names do not tell; a list of texts or of pairs.
        wanted: Name of the column to write; "auto" goes by names.
        target_file: With a text to write in each line.
        told: Whether the texts to write must be there.

    Raises:
        DataError: There are none, or lines do not match, or a pair lacks a side; the message names the first.
    """
    if isinstance(source, list | tuple):
        return _of_list(source)
    path = path_of(source)
    if path is not None and path.is_file() and (_is_plain(path) or source == STANDARD_INPUT):
        shown = "standard input" if source == STANDARD_INPUT else str(path)
        return _of_files(path, shown, target_file, told=told)
    if path is not None and path.is_dir():
        raise DataError(
            f"{path} is a folder", "a text file, or a table of two columns", "Name a file that is in it."
        )
    is_table = path is not None and file_kind(path) in _TABLES
    rows = _delimited(path, wanted) if path is not None and is_table else read_rows(source)
    return _of_rows(rows, wanted, told=told)


def _delimited(path: Path, wanted: str) -> Rows:
    """A CSV or TSV file; its first line is a pair where it names none of the columns that we know.

    So it is in a file of more columns whose first line has signs that no name has, as in lists of sentences
    with their licences: there the first two are the pair.
    """
    rows = read_delimited(path)
    names = rows.frame.columns
    known = {*SOURCE_NAMES, *TARGET_NAMES}
    named = any(name.lower() in known for name in names)
    if len(names) > 2:
        named = named or all(_NAME.fullmatch(name) for name in names[:2])
    if wanted != "auto" or len(names) < 2 or named:
        return rows
    texts = rows.frame.select(pl.col(names[:2]).cast(pl.String))
    first = pl.DataFrame({name: [name] for name in names[:2]})
    frame = pl.concat([first, texts]).rename(dict(zip(names, (SOURCE, TARGET), strict=False)))
    places = [f"{path.name}, line 1", *rows.places]
    return Rows(frame, places, Table(frame, "polars", str(path)), rows.repairs)


def _is_plain(path: Path) -> bool:
    return file_kind(path) not in (*_TABLES, ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".zip")


def _of_list(source: Sequence[Any]) -> Table:
    if not source:
        raise DataError("an empty list", "a text at least, or a pair", "Give one.")
    if all(isinstance(one, str) for one in source):
        return Table(pl.DataFrame({SOURCE: list(source)}), "polars", "the list")
    for number, one in enumerate(source, start=1):
        is_pair = isinstance(one, list | tuple) and len(one) == 2
        if not is_pair or not all(isinstance(text, str) for text in one):
            raise DataError(f"entry {number} of the list is {one!r}", "a pair of texts", "Convert it.")
    first, second = zip(*source, strict=True)
    table = Table(pl.DataFrame({SOURCE: list(first), TARGET: list(second)}), "polars", "the list")
    places = [f"entry {number} of the list" for number in range(1, len(source) + 1)]
    return _checked(table, places, places)


def _of_files(path: Path, shown: str, target_file: str | None, *, told: bool) -> Table:
    lines = _lines(path)
    if target_file is None:
        if not told:
            return Table(pl.DataFrame({SOURCE: lines}), "polars", shown)
        raise DataError(
            f"{shown}, which holds the texts to read only",
            "those to write, too",
            "Give them: --target-file FILE (--validation-target, --test-target), or a table of two columns.",
        )
    others = _lines(Path(target_file).expanduser())
    if len(lines) != len(others):
        short, line = (path, len(lines)) if len(lines) < len(others) else (target_file, len(others))
        raise DataError(
            f"{len(lines):,} lines in {shown} and {len(others):,} in {target_file}: "
            f"{short} has none for line {line + 1}",
            "a line of one for each line of the other",
            "Correct the files.",
        )
    table = Table(pl.DataFrame({SOURCE: lines, TARGET: others}), "polars", shown)
    own = [[f"{name}, line {line + 1}" for line in range(len(lines))] for name in (shown, target_file)]
    return _checked(table, *own) if told else table


def _checked(table: Table, read: Sequence[str], written: Sequence[str]) -> Table:
    """Pairs, both sides of which hold a text.

    Args:
        table: The pairs.
        read: Where each text to read stands.
        written: Where each text to write stands.

    Raises:
        DataError: One is empty; the message says where the first one stands.
    """
    for name, places, use in ((SOURCE, read, "read"), (TARGET, written, "write")):
        texts = table.frame[name]
        empty = (texts.is_null() | (texts.str.strip_chars() == "")).arg_true().to_list()
        if empty:
            others = f" (one of {len(empty):,} such pairs)" if len(empty) > 1 else ""
            raise DataError(
                f"{places[empty[0]]} has no text to {use}{others}",
                "one to read and one to write in each pair",
                "Add it, or leave the pair out.",
            )
    return table


def _lines(path: Path) -> list[str]:
    lines = decoded(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if not lines[-1] else lines


def _of_rows(rows: Rows, wanted: str, *, told: bool) -> Table:
    texts = [column.name for column in rows.frame if column.dtype == pl.String]
    if len(texts) < 2:  # numbers may be what is read or written
        texts = [column.name for column in rows.frame if not column.dtype.is_nested()]
    target = _named(texts, TARGET_NAMES) if wanted == "auto" else wanted if wanted in texts else None
    source = _named([name for name in texts if name != target], SOURCE_NAMES)
    left = [name for name in texts if name not in (source, target)]
    nameless = sorted(rows.frame.columns) == ["label", "text"] and wanted == "auto"
    if nameless:  # names that a file without a header was given: its first column is read
        source, target = rows.frame.columns
    source = source or next(iter(left), None)
    target = target or next((name for name in left if name != source), None)
    if source is None or (target is None and told) or (told and wanted not in ("auto", target)):
        raise DataError(
            f"{rows.table.source} with the columns of texts {listed(texts) if texts else '(none)'}",
            "one to read and one to write",
            "Name the one to write: --target COLUMN.",
        )
    columns = {SOURCE: rows.frame[source].cast(pl.String)}
    if target is not None and target in rows.frame.columns:
        columns[TARGET] = rows.frame[target].cast(pl.String)
    table = Table(pl.DataFrame(columns), "polars", rows.table.source, from_file=rows.table.from_file)
    return _checked(table, rows.places, rows.places) if told else table


def _named(names: Sequence[str], known: Sequence[str]) -> str | None:
    by_lower = {name.lower(): name for name in names}
    return next((by_lower[name] for name in known if name in by_lower), None)

"""Documents from text files, folders and tables; files are read piece by piece, and may exceed the memory."""

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from recurra.data.encoding import blocks_of
from recurra.data.naming import counted, listed
from recurra.data.partitions import is_partitioned, is_url, partitions
from recurra.data.reader import parquet_slices
from recurra.data.table import Table, read_table
from recurra.errors import DataError
from recurra.inputs.alphabet import plain
from recurra.inputs.corpus.config import CorpusConfig
from recurra.inputs.glance import TEXT_NAMES, is_prose
from recurra.inputs.rows import file_kind, path_of, read_rows, sample_name
from recurra.inputs.symbol import Documents, Piece

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".zip")
_TEXTS = (".txt", ".md", ".text", ".abc")
_LINED = (".jsonl", ".ndjson")
_LONGEST = 1 << 20  # characters of a piece
_SHOWN = 30
_PEEKED = 10_000  # rows that say which column is the text
_AT_ONCE = 10_000  # rows of a column that are texts at once
_FILE = 1 << 40  # lines that a file may have

Texts = Iterator[tuple[int, Iterable[str]]]
"""Documents by their numbers, each in blocks of any size."""


class Opened(NamedTuple):
    """Documents, what each is called, and what was put right when they have been gone through."""

    texts: Callable[[], Texts]
    name: Callable[[int], str]
    notes: Callable[[], tuple[str, ...]] = tuple
    files: tuple[Path, ...] = ()


def read(source: Any, config: CorpusConfig) -> Documents:
    """Read documents.

    Args:
        source: A text file, also .gz; a folder of them; JSON Lines, CSV, Parquet (a folder of files, too) or
            a frame with a text in each row; a list of texts; or a sample. Of tables other than JSON Lines and
            Parquet the column is kept in memory.
        config: The settings.

    Raises:
        DataError: It cannot be read, or holds no text; the message names file and line, or byte.
    """
    opened = _opened(source, config)
    shown = str(source) if isinstance(source, str | Path) else f"a {type(source).__name__}"

    def pieces() -> Iterator[Piece]:
        for number, blocks in opened.texts():
            yield from _pieces(blocks, number)

    if not any(piece.content.strip() for piece in pieces()):
        raise DataError(f"{shown} is empty", "some text", "Check the source.")
    settled = {"min_count": config.least_count}
    return Documents(pieces, opened.name, shown, MEASURES, opened.notes, opened.files, settled)


def looks_like_text(path: Path) -> bool:
    """Whether a path is a file of running text, or a folder of such files, rather than a table."""
    if path.is_dir():
        return any(file_kind(one) in _TEXTS for one in path.rglob("*"))
    return path.is_file() and file_kind(path) not in _TABLES


def halve(text: str, at: int, slack: int) -> tuple[str, str]:
    """A text in two, cut after `at` characters or, within a few more, where a line or a word ends."""
    for mark in ("\n", " ") if at else ():
        found = text.find(mark, at - 1, at + slack)
        if found >= 0:
            return text[: found + 1], text[found + 1 :]
    return text[:at], text[at:]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


MEASURES: dict[str, Callable[[Any], int]] = {"character": len, "byte": _bytes}


def _opened(source: Any, config: CorpusConfig) -> Opened:
    path = path_of(source)
    if isinstance(source, list | tuple):
        return _listed(source)
    if is_partitioned(source):
        return _of_partitions(source, config)
    if path is None:
        return _of_table(read_rows(source).table, "" if sample_name(source) is None else str(source), config)
    if path.is_dir():
        return _of_folder(path, config)
    if not path.is_file():
        raise DataError(f"{path} does not exist", "a text file, a folder or a table", "Check the path.")
    return _of_file(path, config)


def _of_file(path: Path, config: CorpusConfig) -> Opened:
    if looks_like_text(path):
        return _of_texts([path], config)
    if file_kind(path) in _LINED:
        return _of_json_lines(path, config)
    if file_kind(path) == ".parquet":
        return _of_parquet(path, config)
    return _of_table(read_table(path), path.name, config)._replace(files=(path,))


def _of_folder(path: Path, config: CorpusConfig) -> Opened:
    files = sorted(one for one in path.rglob("*") if one.is_file() and file_kind(one) in _TEXTS)
    if not files:
        raise DataError(
            f"{path} holds no texts", f"files that end in {listed(_TEXTS)}, also .gz", "Check the folder."
        )
    return _of_texts(files, config)


def _of_texts(paths: Sequence[Path], config: CorpusConfig) -> Opened:
    names = [path.name for path in paths]
    if config.documents == "file":
        return Opened(lambda: enumerate(map(_blocks, paths)), names.__getitem__, files=tuple(paths))
    left = _LeftOut("empty line")

    def lines() -> Texts:
        for file, (path, name) in enumerate(zip(paths, names, strict=True)):
            kept = ((file * _FILE + line, text) for line, text in _lines(path))
            yield from left.without(kept, name)

    return Opened(lines, partial(_name, names, "line"), left.notes, tuple(paths))


def _of_json_lines(path: Path, config: CorpusConfig) -> Opened:
    peeked = [row for _, row in islice(_objects(path), _PEEKED)]
    names = dict.fromkeys(name for row in peeked for name in row)
    columns = {name: [row.get(name) for row in peeked] for name in names}
    texts = {name: [one if isinstance(one, str) else None for one in own] for name, own in columns.items()}
    mostly = {  # others in them are told with their lines
        name: pl.Series(name, own, pl.String)
        for name, own in texts.items()
        if 2 * (len(own) - own.count(None)) > len(own) - columns[name].count(None)
    }
    column = _text_column(pl.DataFrame(mostly), str(path), config.text, list(names))
    left = _LeftOut("row without text")

    def rows() -> Iterator[tuple[int, str | None]]:
        for line, row in _objects(path):
            text = row.get(column)
            if text is not None and not isinstance(text, str):
                raise DataError(
                    f"{path}, line {line}: {column} is {str(text)[:_SHOWN]!r}",
                    "a text",
                    "Correct the line, or name another column with text=COLUMN.",
                )
            yield line, text

    name = partial(_name, [path.name], "line")
    return Opened(lambda: left.without(rows(), str(path)), name, left.notes, (path,))


def _of_parquet(path: Path, config: CorpusConfig) -> Opened:
    head = read_table(path, rows=_PEEKED)
    column = _text_column(head.frame, head.source, config.text)
    return _of_slices(partial(parquet_slices, path, column, _AT_ONCE), str(path), path.name, (path,))


def _of_partitions(source: str | Path, config: CorpusConfig) -> Opened:
    """The texts of a folder of Parquet files, of which a few rows are in memory at once."""
    files = partitions(source)
    head = files[0].read(rows=_PEEKED)
    column = _text_column(head, files[0].place, config.text)
    left = _LeftOut("row without text")

    def rows() -> Texts:
        for number, one in enumerate(files):
            texts = (text for slice_ in one.slices(column, _AT_ONCE) for text in slice_)
            yield from left.without(enumerate(texts, start=number * _FILE + 1), one.place)

    name = partial(_name, [one.name for one in files], "row")
    return Opened(rows, name, left.notes, tuple(Path(one.place) for one in files if not is_url(one.place)))


def _of_table(table: Table, name: str, config: CorpusConfig) -> Opened:
    column = table.frame.select(_text_column(table.frame, table.source, config.text))
    return _of_slices(lambda: (one.to_series() for one in column.iter_slices(_AT_ONCE)), table.source, name)


def _of_slices(
    slices: Callable[[], Iterator[pl.Series]], source: str, name: str, files: tuple[Path, ...] = ()
) -> Opened:
    """A column of texts, some of whose rows are texts of Python at once."""
    left = _LeftOut("row without text")

    def rows() -> Iterator[tuple[int, str | None]]:
        return enumerate((text for one in slices() for text in one), start=1)

    shown = partial(_name, [name], "row") if name else "row {}".format
    return Opened(lambda: left.without(rows(), source), shown, left.notes, files)


class _LeftOut:
    """Documents without a text, which are passed over and counted."""

    def __init__(self, what: str) -> None:
        self._what, self._counts = what, dict[str, int]()
        self._whats = re.sub(r"^(empty line|row|text)", r"\1s", what)

    def without(self, rows: Iterator[tuple[int, str | None]], source: str) -> Texts:
        """Those with a text."""
        count = 0
        for number, text in rows:
            if text is not None and text.strip():
                yield number, [plain(text)]
            else:
                count += 1
        self._counts[source] = count

    def notes(self) -> tuple[str, ...]:
        """How many there were in each source that was gone through."""
        return tuple(
            f"skipped {count:,} {self._what if count == 1 else self._whats} of {source}"
            for source, count in self._counts.items()
            if count
        )


def _name(names: Sequence[str], what: str, number: int) -> str:
    """What a line or row is called that counts from the beginning of its file."""
    return f"{names[number // _FILE]}, {what} {number % _FILE}"


def _text_column(frame: pl.DataFrame, source: str, wanted: str, columns: Sequence[str] | None = None) -> str:
    """The column with the texts; `columns` are all that there are, where the frame has not all of them."""
    texts = [column.name for column in frame if column.dtype == pl.String]
    there = listed(frame.columns if columns is None else columns, _SHOWN)
    if wanted != "auto" and wanted in texts:
        return wanted
    if not texts:
        raise DataError(
            f"{source} has no column of texts",
            f"one; its columns are {there}" if there else "one",
            "Give a table with a text in each row.",
        )
    if wanted != "auto":
        raise DataError(
            f"{source} has no column of texts named {wanted!r}",
            f"one of {listed(texts, _SHOWN)}",
            "Name it with text=COLUMN.",
        )
    known = {name.lower(): name for name in texts}
    named = [known[name] for name in TEXT_NAMES if name in known]
    likely = named[:1] or [name for name in texts if is_prose(frame[name])] or texts
    if len(likely) != 1:
        raise DataError(
            f"{source} has {counted(len(likely), 'column')} that may be the text",
            f"one of {listed(likely, _SHOWN)}",
            "Name it with text=COLUMN.",
        )
    return likely[0]


def _listed(source: Sequence[Any]) -> Opened:
    for number, one in enumerate(source, start=1):
        if not isinstance(one, str):
            raise DataError(f"text {number} is of type {type(one).__name__}", "a text", "Convert it.")
    left = _LeftOut("text without a word")
    return Opened(lambda: left.without(enumerate(source, start=1), "the list"), "text {}".format, left.notes)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file, counted from 1."""
    held, number = "", 0
    for block in _blocks(path):
        *lines, held = (held + block).split("\n")
        for line in lines:
            number += 1
            yield number, line
    if held:
        yield number + 1, held


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON Lines, by the lines in which they stand."""
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError(
                f"line {number} of {path} is not valid JSON ({line.strip()[:60]!r})",
                "one JSON object a line",
                "Correct or remove that line.",
            )
        yield number, row


def _blocks(path: Path) -> Iterator[str]:
    """A file's text, every end of a line as a line feed."""
    held = ""
    try:
        for block in blocks_of(path):
            text = (held + block).replace("\r\n", "\n")
            held = "\r" if text.endswith("\r") else ""
            yield text.removesuffix("\r").replace("\r", "\n")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read ({error})", "a whole file", "Write the file again or restore it."
        ) from error
    if held:
        yield "\n"


def _pieces(blocks: Iterable[str], number: int) -> Iterator[Piece]:
    """A document in pieces that end where a line does, or at least a word."""
    held = ""
    for block in blocks:
        text, begin = held + block, 0
        while len(text) - begin > _LONGEST:
            end = _end(text, begin)
            yield Piece(text[begin:end], ends=False, document=number)
            begin = end
        held = text[begin:]
    yield Piece(held, ends=True, document=number)


def _end(text: str, begin: int) -> int:
    for mark in ("\n", " "):
        found = text.rfind(mark, begin + _LONGEST // 2, begin + _LONGEST)
        if found >= 0:
            return found + 1
    return begin + _LONGEST

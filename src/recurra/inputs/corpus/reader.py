"""Documents from text files, folders and tables; files are read piece by piece, and may exceed the memory."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from recurra.data.encoding import blocks_of
from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.inputs.alphabet import plain
from recurra.inputs.corpus.config import CorpusConfig
from recurra.inputs.glance import TEXT_NAMES, is_prose
from recurra.inputs.rows import Rows, file_kind, path_of, read_rows, sample_name
from recurra.inputs.symbol import Documents, Piece, table_of

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".zip")
_TEXTS = (".txt", ".md", ".text")
_LONGEST = 1 << 20  # characters of a piece
_SHOWN = 30

Text = Callable[[], Iterable[str]]
"""A document, in blocks of any size."""


class Opened(NamedTuple):
    """Documents by name, and what was put right."""

    names: Sequence[str]
    texts: Sequence[Text]
    notes: tuple[str, ...] = ()


def read(source: Any, config: CorpusConfig) -> Documents:
    """Read documents.

    Args:
        source: A text file, also .gz; a folder of them; JSON Lines, CSV, Parquet or a frame with a text in
            each row (tables are kept in memory); a list of texts; or a sample.
        config: The settings.

    Raises:
        DataError: It cannot be read, or holds no text; the message names file and line, or byte.
    """
    opened = _opened(source, config)
    shown = str(source) if isinstance(source, str | Path) else f"a {type(source).__name__}"

    def pieces() -> Iterator[Piece]:
        for number, text in enumerate(opened.texts):
            yield from _pieces(text(), number)

    if not any(piece.content.strip() for piece in pieces()):
        raise DataError(f"{shown} is empty", "some text", "Check the source.")
    return Documents(pieces, table_of(opened.names, shown), MEASURES, opened.notes)


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
    if path is None or sample_name(source) is not None:
        return _of_rows(read_rows(source), config)
    if path.is_dir():
        return _of_folder(path, config)
    if not path.is_file():
        raise DataError(f"{path} does not exist", "a text file, a folder or a table", "Check the path.")
    return _of_file(path, config) if looks_like_text(path) else _of_rows(read_rows(path), config)


def _of_file(path: Path, config: CorpusConfig) -> Opened:
    whole = partial(_blocks, path)
    if config.documents == "file":
        return Opened([path.name], [whole])
    lines = "".join(whole()).split("\n")
    kept = [
        (f"{path.name}, line {number}", line) for number, line in enumerate(lines, start=1) if line.strip()
    ]
    return _kept(kept, len(lines) - (lines[-1] == ""), "empty line", path.name)


def _of_folder(path: Path, config: CorpusConfig) -> Opened:
    files = sorted(one for one in path.rglob("*") if one.is_file() and file_kind(one) in _TEXTS)
    if not files:
        raise DataError(
            f"{path} holds no texts", f"files that end in {listed(_TEXTS)}, also .gz", "Check the folder."
        )
    opened = [_of_file(file, config) for file in files]
    return Opened(
        [name for own in opened for name in own.names],
        [text for own in opened for text in own.texts],
        tuple(note for own in opened for note in own.notes),
    )


def _of_rows(rows: Rows, config: CorpusConfig) -> Opened:
    column = rows.frame[_text_column(rows, config.text)]
    found = zip(rows.places, column.to_list(), strict=True)
    kept = [(place, text) for place, text in found if text is not None and text.strip()]
    opened = _kept(kept, len(column), "row without text", rows.table.source)
    return opened._replace(notes=(*rows.repairs, *opened.notes))


def _kept(kept: Sequence[tuple[str, str]], all_of_them: int, what: str, source: str) -> Opened:
    skipped = all_of_them - len(kept)
    words = what if skipped == 1 else re.sub(r"^(empty line|row|text)", r"\1s", what)
    notes = (f"skipped {skipped:,} {words} of {source}",) if skipped else ()
    return Opened([name for name, _ in kept], [partial(_whole, text) for _, text in kept], notes)


def _text_column(rows: Rows, wanted: str) -> str:
    texts = [column.name for column in rows.frame if column.dtype == pl.String]
    if wanted != "auto":
        if wanted in texts:
            return wanted
        raise DataError(
            f"{rows.table.source} has no column of texts named {wanted!r}",
            f"one of {listed(texts, _SHOWN)}" if texts else "a column of texts",
            "Name it with text=COLUMN.",
        )
    known = {name.lower(): name for name in texts}
    named = [known[name] for name in TEXT_NAMES if name in known]
    likely = named[:1] or [name for name in texts if is_prose(rows.frame[name])] or texts
    if len(likely) != 1:
        raise DataError(
            f"{rows.table.source} has {counted(len(likely), 'column')} that may be the text",
            "one",
            "Name it with text=COLUMN.",
        )
    return likely[0]


def _listed(source: Sequence[Any]) -> Opened:
    for number, one in enumerate(source, start=1):
        if not isinstance(one, str):
            raise DataError(f"text {number} is of type {type(one).__name__}", "a text", "Convert it.")
    kept = [(f"text {number}", text) for number, text in enumerate(source, start=1) if text.strip()]
    return _kept(kept, len(source), "text without a word", "the list")


def _whole(text: str) -> Iterable[str]:
    return [plain(text)]


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

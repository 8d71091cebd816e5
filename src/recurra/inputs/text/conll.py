"""CoNLL and CoNLL-U: a token and its tags in each line, a blank line after each sentence."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.rows import Rows, decoded, file_kind

CONLL = (".conll", ".conll2003", ".conllx", ".bio", ".iob", ".iob2", ".ner")
CONLL_U = (".conllu", ".conllup")
_COMMENT = re.compile(r"#\s*\S+ =")
_NO_WORD = re.compile(r"\d+[-.]\d+")  # a range of words written as one, or a word that is not written
_U_COLUMNS = 10
Sentence = tuple[int, list[list[str]]]


def read_conll(path: Path) -> Rows:
    """Read a file of either format, also .gz: columns `tokens`, `tags`, and of CoNLL-U `upos` and `xpos`.

    Of plain CoNLL the token is the first column and the tag the last; `tags` of CoNLL-U are those of `upos`.
    A column that is "_" everywhere is left out.

    Raises:
        DataError: The file holds no sentence, or a line has more or fewer columns than it should.
    """
    universal = file_kind(path) in CONLL_U
    sentences = list(_sentences(decoded(path), path.name, universal=universal))
    if not sentences:
        raise DataError(f"{path} holds no sentence", "a token and its tag in each line", "Check the file.")
    width = len(sentences[0][1][0])
    for begin, tokens in sentences:
        for at, fields in enumerate(tokens):
            if len(fields) != width:
                raise DataError(
                    f"{path.name}, line {begin + at}: {len(fields)} columns",
                    f"{width}, as in the lines before: each token has its tag",
                    "Correct the line.",
                )
    places = [f"{path.name}, line {begin}" for begin, _ in sentences]
    chosen = {"tokens": 1, "tags": 3, "upos": 3, "xpos": 4} if universal else {"tokens": 0, "tags": width - 1}
    if width == 1:
        chosen = {"tokens": 0}
    columns = {
        name: [[fields[at] for fields in tokens] for _, tokens in sentences] for name, at in chosen.items()
    }
    blank = [name for name, rows in columns.items() if name != "tokens" and _is_blank(rows)]
    frame = pl.DataFrame({name: rows for name, rows in columns.items() if name not in blank})
    return Rows(frame, places, Table(frame, "polars", str(path)))


def is_conll(path: Path) -> bool:
    """Whether a file's name or first line says that it is of either format."""
    if file_kind(path) in (*CONLL, *CONLL_U):
        return True
    if file_kind(path) != ".txt" or not path.is_file() or path.suffix == ".gz":
        return False
    with path.open("rb") as file:
        return file.readline().startswith(b"-DOCSTART-")


def _sentences(text: str, name: str, *, universal: bool) -> Iterator[Sentence]:
    """Sentences as rows of columns, each with the line of its first token."""
    begin = 0
    tokens: list[list[str]] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.rstrip("\r")
        if not line.strip():
            if tokens:
                yield begin, tokens
            tokens = []
            continue
        if line.startswith("-DOCSTART-") or _is_comment(line, universal=universal):
            continue
        fields = line.split("\t") if "\t" in line else line.split()
        if universal and len(fields) != _U_COLUMNS:
            raise DataError(
                f"{name}, line {number}: {len(fields)} columns",
                f"{_U_COLUMNS}, as CoNLL-U has",
                "Correct it.",
            )
        if universal and _NO_WORD.fullmatch(fields[0]):
            continue
        if not tokens:
            begin = number
        tokens.append(fields)
    if tokens:
        yield begin, tokens


def _is_comment(line: str, *, universal: bool) -> bool:
    return line.startswith("#") and (universal or _COMMENT.match(line) is not None)


def _is_blank(rows: Sequence[Sequence[str]]) -> bool:
    return all(tag == "_" for row in rows for tag in row)

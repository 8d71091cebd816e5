"""Texts from files, folders and frames, with their labels or tags beside them."""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from recurra.data.naming import counted
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.delimited import read_delimited
from recurra.inputs.examples import Examples, Keep
from recurra.inputs.rows import Rows, cut_beside, decoded, file_kind, numbered, path_of, read_rows
from recurra.inputs.text.codec import cut
from recurra.inputs.text.column import text_column
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.conll import is_conll, read_conll
from recurra.inputs.text.word import Unit, shortened

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read(source: Any, config: TextConfig, keep: Keep) -> Examples:
    """Read texts.

    Args:
        source: A CSV, TSV, JSON Lines, Parquet, CoNLL or CoNLL-U file; a .txt file with a text in each line;
            a folder with a folder of .txt files for each label; a frame; a list of texts or of lists of
            tokens; or a sample. A source whose columns have no names calls its texts as the settings do.
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: It cannot be read, or has no text; the message names file and line.
    """
    rows = _rows(source)
    if config.text != "auto" and _is_nameless(source):
        rows = replace(rows, frame=rows.frame.rename({rows.frame.columns[0]: config.text}))
    name, kept = text_column(rows, config, keep)
    rows, contents = _contents(rows, name, config.unit, config.max_length)
    return rows.examples(
        contents,
        [one for one in rows.frame.columns if one != name],
        reads=[name],
        kept=kept,
        settings={"text": name, "tokens": config.unit},
    )


def _is_nameless(source: Any) -> bool:
    """Whether the first column of a source is its text, whatever we call it."""
    path = path_of(source)
    if path is None:
        return isinstance(source, list | tuple)
    return path.is_dir() or is_conll(path) or file_kind(path) == ".txt"


def _rows(source: Any) -> Rows:
    path = path_of(source)
    if isinstance(source, list | tuple):
        return _listed(source)
    if path is None:
        return read_rows(source)
    if path.is_dir():
        return _folder(path)
    if is_conll(path):
        return read_conll(path)
    readers = {".csv": read_delimited, ".tsv": read_delimited, ".txt": _lines}
    return readers.get(file_kind(path), read_rows)(path)


def _listed(source: Sequence[Any]) -> Rows:
    lists = any(not isinstance(one, str) for one in source)
    try:
        kind = pl.List(pl.String) if lists else pl.String
        frame = pl.DataFrame({"tokens" if lists else "text": pl.Series(source, dtype=kind)})
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise DataError(
            "a list that holds other things than texts", "texts, or lists of tokens", "Convert them."
        ) from error
    if not len(frame):
        raise DataError("an empty list", "a text at least", "Give a text.")
    return Rows(frame, numbered("", len(frame)), Table(frame, "polars", "the list"))


def _lines(path: Path) -> Rows:
    lines = [line.rstrip("\r") for line in decoded(path).split("\n")]
    kept = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    skipped = len(lines) - len(kept) - (lines[-1] == "")
    frame = pl.DataFrame({"text": [line for _, line in kept]})
    places = [f"{path.name}, line {number}" for number, _ in kept]
    numbers = [number for number, _ in kept]
    rows = Rows(frame, places, Table(frame, "polars", str(path)), numbers=numbers)
    return rows.noting(f"skipped {counted(skipped, 'empty line')} of {path.name}" if skipped else "")


def _folder(path: Path) -> Rows:
    files = sorted(path.glob("*/*.txt"))
    labels = [{"label": file.parent.name} for file in files]
    if not files:
        files, labels = sorted(path.glob("*.txt")), []
    if not files:
        raise DataError(
            f"{path} holds no texts", "a folder of .txt files for each label", "Arrange it as LABEL/FILE.txt."
        )
    texts = [_whole(file) for file in files]
    frame = pl.DataFrame({"text": texts})
    if labels:
        frame = frame.with_columns(pl.Series("label", [one["label"] for one in labels]))
    places = [str(Path(path.name) / file.relative_to(path)) for file in files]
    return Rows(frame, places, Table(frame, "polars", str(path)))


def _whole(file: Path) -> str:
    """The text of a file, which may be empty."""
    return decoded(file).strip() if file.stat().st_size else ""


def _contents(rows: Rows, name: str, unit: Unit, longest: int) -> tuple[Rows, list[Any]]:
    """Texts, or lists of tokens, none of them too long; what stands beside each token is cut with them."""
    found = ["" if one is None else one for one in rows.frame[name].to_list()]
    tokens = rows.frame[name].dtype.is_nested()
    if tokens:
        found = [[one or "" for one in content] for content in found]
        contents = [content[:longest] for content in found]
    else:
        contents = [shortened(content, unit, longest) for content in found]
    shorter = sum(len(one) < len(before) for one, before in zip(contents, found, strict=True))
    frame = rows.frame
    if shorter and any(isinstance(kind, pl.List) for kind in frame.drop(name).dtypes):
        frame = cut_beside(frame, [len(cut(content, unit, sys.maxsize)) for content in found], longest)
    empty = sum(not one if tokens else not one.strip() for one in contents)
    odd = sum(_CONTROL.search(" ".join(one) if tokens else one) is not None for one in contents)
    units = "characters" if unit == "character" and not tokens else "tokens"
    rows = replace(rows, frame=frame).noting(
        f"cut {counted(shorter, 'text')} of more than {longest:,} {units} to the first {longest:,}"
        if shorter
        else "",
        f"{counted(empty, 'text')} without a word" if empty else "",
        f"control characters in {counted(odd, 'text')}, which are kept" if odd else "",
    )
    return rows, contents

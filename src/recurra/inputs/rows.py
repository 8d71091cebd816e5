"""Rows of a table with the place of each, and text files with errors that say where they are damaged."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from recurra.data.encoding import decoded as decoded_bytes
from recurra.data.encoding import open_bytes
from recurra.data.naming import listed
from recurra.data.partitions import is_partitioned
from recurra.data.reader import standard_input
from recurra.data.table import SAMPLE_PREFIX, STANDARD_INPUT, Table, read_table
from recurra.errors import DataError
from recurra.inputs.examples import Examples, Kept
from recurra.inputs.samples import example_names, load_sample

_MOSTLY = 0.8  # a column of so many numbers is one of numbers
_LINED = (".csv", ".tsv", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Rows:
    """A table, and where each of its rows stands.

    Attributes:
        frame: The rows.
        places: "reviews.csv, line 3" of each.
        table: Where they came from.
        repairs: What was put right while reading.
        numbers: As of `Examples`.
    """

    frame: pl.DataFrame
    places: Sequence[str]
    table: Table
    repairs: tuple[str, ...] = ()
    numbers: Sequence[int] = ()

    def examples(
        self,
        contents: Sequence[Any],
        columns: Sequence[str],
        *,
        reads: Sequence[str],
        kept: Kept,
        settings: Mapping[str, Any],
    ) -> Examples:
        """Examples with these contents, and the named columns beside them."""
        beside = self.frame.select(columns)
        return Examples(
            contents,
            beside,
            self.places,
            self.table,
            self.repairs,
            tuple(reads),
            kept,
            settings,
            self.numbers,
        )

    def noting(self, *sentences: str) -> "Rows":
        """The same rows with more that was put right."""
        return replace(self, repairs=(*self.repairs, *(one for one in sentences if one)))


def read_rows(source: Any) -> Rows:
    """Read a table: a file, a frame, or a bundled sample of either kind.

    Raises:
        DataError: It cannot be read; for text files the message names line or byte.
    """
    name = sample_name(source)
    if name is not None:
        frame = load_sample(name)
        return Rows(frame, numbered(str(source), frame.height), Table(frame, "polars", str(source)))
    path = path_of(source)
    text = None
    if path is not None and file_kind(path) in _LINED and path.is_file():
        text = decoded(path)
    table = read_table(source)
    folder = Path(str(source)).name if is_partitioned(source) else ""
    frame, shown = table.frame, folder if path is None else path.name
    lines = [] if text is None else [at for at, one in enumerate(text.split("\n"), start=1) if one.strip()]
    if path is not None and file_kind(path) in (".csv", ".tsv"):
        lines = lines[1:]
    if len(lines) == frame.height:
        return Rows(frame, [f"{shown}, line {line}" for line in lines], table)
    return Rows(frame, numbered(shown, frame.height), table)


def path_of(source: Any) -> Path | None:
    """The file or folder that a source names, "-" for standard input.

    None of frames and samples, and of folders of Parquet files, each of which is a table.
    """
    if isinstance(source, str) and source == STANDARD_INPUT:
        return standard_input()
    if is_partitioned(source):
        return None
    if isinstance(source, str | Path) and not str(source).startswith(SAMPLE_PREFIX):
        return Path(source).expanduser()
    return None


def sample_name(source: Any) -> str | None:
    """The name of a bundled sample of examples; None of anything else."""
    text = str(source) if isinstance(source, str | Path) else ""
    name = text.removeprefix(SAMPLE_PREFIX)
    return name if text.startswith(SAMPLE_PREFIX) and name in example_names() else None


def file_kind(path: Path) -> str:
    """The end of a file's name in small letters, without .gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "".join(suffixes[-2:-1] if suffixes[-1:] == [".gz"] else suffixes[-1:])


def numbered(name: str, rows: int) -> list[str]:
    """Places that count rows from 1."""
    before = f"{name}, " if name else ""
    return [f"{before}row {row + 1}" for row in range(rows)]


def decoded(path: Path) -> str:
    """The text of a file in UTF-8 or with a byte order mark, also .gz.

    Raises:
        DataError: It does not exist, is empty or damaged, or is no UTF-8; the message names the byte.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {state}", "a text file", "Check the path.")
    try:
        with open_bytes(path) as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read ({error})", "a whole file", "Write the file again or restore it."
        ) from error
    if not content.strip():
        raise DataError(f"{path} is empty", "a line for each example at least", "Write the file again.")
    return decoded_bytes(content, str(path))


def wrong_column(rows: Rows, setting: str, wanted: Sequence[str], expected: str) -> DataError:
    """The error for columns that were named and are not there, or do not hold what they should."""
    return DataError(
        f"{rows.table.source} has no such column as {listed(repr(one) for one in wanted)}",
        f"{expected}; its columns are {listed(rows.frame.columns, 30)}",
        f"Name one of these with {setting}=, or rename the column.",
    )


def check_not_told(rows: Rows, setting: str, wanted: Sequence[str], kept: Kept) -> None:
    """Make sure that the net is not to read what it is to tell.

    Raises:
        DataError: A column is named for both.
    """
    if kept.told in wanted:
        raise DataError(
            f"{setting} names {kept.told!r} of {rows.table.source}, which is to be told",
            "columns beside it",
            f"Leave it out of {setting}, or tell another column.",
        )


def is_mostly_numbers(column: pl.Series) -> bool:
    """Whether texts, or lists of them, are numbers but for a few: no names of categories, and no tokens."""
    lists = column.dtype == pl.List(pl.String)
    if not lists and column.dtype != pl.String:
        return False
    known = (column.explode() if lists else column).drop_nulls()
    numbers = known.cast(pl.Float64, strict=False).drop_nulls()
    if len(numbers) <= _MOSTLY * len(known):
        return False
    return len(numbers) < len(known) if lists else 2 * numbers.n_unique() > len(numbers)


def check_numbers(rows: Rows, column: pl.Series) -> None:
    """Make sure that a text among numbers, in a column or in a list, is no mistake.

    Raises:
        DataError: It is one; the message names its row.
    """
    if not is_mostly_numbers(column):
        return
    for place, value in zip(rows.places, column.to_list(), strict=True):
        values = pl.Series(value if isinstance(value, list) else [value], dtype=pl.String).drop_nulls()
        strangers = values.filter(values.cast(pl.Float64, strict=False).is_null())
        if len(strangers):
            raise DataError(
                f"{place}: {column.name} holds {strangers[0]!r}",
                "a number, as nearly everywhere in it",
                "Correct it, or leave it empty; or name the columns to read, without this one.",
            )


def cut_beside(frame: pl.DataFrame, lengths: Sequence[int], longest: int) -> pl.DataFrame:
    """The same rows, where lists that go along with contents of these lengths are cut as they are."""
    lists = [column.name for column in frame if isinstance(column.dtype, pl.List)]
    own = pl.Series(lengths, dtype=pl.UInt32)
    along = {name: (frame[name].list.len() == own) & (own > longest) for name in lists}
    return frame.with_columns(
        [
            pl.when(cut).then(pl.col(name).list.head(longest)).otherwise(pl.col(name))
            for name, cut in along.items()
        ]
    )

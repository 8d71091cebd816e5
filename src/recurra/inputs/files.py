"""Examples that are files of their own: in folders by label, with a text beside each, or named by a table."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from recurra.confinement import permitted
from recurra.data.encoding import decoded as decoded_bytes
from recurra.data.naming import counted
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.files import read_bytes
from recurra.inputs.rows import Rows, wrong_column

PATH, LABEL, TEXT = "path", "label", "text"
_LOOKED_AT = 50  # names of a column

Known = Callable[[Path], bool]


def files_in(folder: Path, known: Known) -> list[Path]:
    """The files of a folder and of the folders in it, in their order; hidden ones are left out."""
    found = (one for pattern in ("*", "*/*") for one in folder.glob(pattern))
    return sorted(one for one in found if known(one) and not one.name.startswith("."))


def rows_of_file(path: Path) -> Rows:
    """A row for a single file."""
    frame = pl.DataFrame({PATH: [str(path)]})
    return Rows(frame, [path.name], Table(frame, "polars", str(path)))


def rows_of_files(folder: Path, files: Sequence[Path], noun: str) -> Rows:
    """A row for each of some files of a folder.

    Its label is the folder that it lies in or, where all lie in one, its name before "_"; its text stands in
    NAME.txt beside it.

    Args:
        folder: It.
        files: At least one.
        noun: What they are: "recording".

    Raises:
        DataError: A text is no UTF-8.
    """
    flat = all(one.parent == folder for one in files)
    labels = [one.stem.split("_")[0] if flat else one.parent.name for one in files]
    frame = pl.DataFrame({PATH: [str(one) for one in files], LABEL: labels})
    texts, alone = _texts_beside(folder, files, noun)
    if texts is not None:
        frame = frame.with_columns(pl.Series(TEXT, texts, pl.String))
    places = [str(one.relative_to(folder)) for one in files]
    return Rows(frame, places, Table(frame, "polars", str(folder))).noting(alone)


def _texts_beside(folder: Path, files: Sequence[Path], noun: str) -> tuple[list[str | None] | None, str]:
    """What stands in the text file beside each file, None where there is none; and those without a file.

    Raises:
        DataError: One is no UTF-8.
    """
    known = {one.with_suffix("") for one in files}
    beside = {one.with_suffix(""): one for one in (*folder.glob("*.txt"), *folder.glob("*/*.txt"))}
    alone = len(beside.keys() - known)
    if not beside.keys() & known:
        return None, ""
    names = [one.with_suffix("") for one in files]
    texts = [
        decoded_bytes(read_bytes(beside[one]), str(beside[one])) if one in beside else None for one in names
    ]
    return texts, f"{counted(alone, 'text file')} without a {noun}" if alone else ""


def path_column(frame: pl.DataFrame, known: Known) -> str | None:
    """The first column whose values are names of such files."""
    for column in frame:
        if column.dtype == pl.String:
            some = column.drop_nulls().head(_LOOKED_AT).to_list()
            if some and all(known(Path(value)) for value in some):
                return column.name
    return None


def named_path_column(rows: Rows, wanted: str, known: Known, noun: str, example: str) -> str:
    """The column of paths that is named, or found where `wanted` is "auto".

    Raises:
        DataError: There is none.
    """
    if wanted != "auto":
        if wanted not in rows.frame.columns:
            raise wrong_column(rows, "path", [wanted], "a column of paths")
        return wanted
    found = path_column(rows.frame, known)
    if found is None:
        raise DataError(
            f"{rows.table.source} has no column with paths of {noun}s",
            f"names such as {example}",
            "Add it, or name it with path=.",
        )
    return found


def path_in(base: Path, value: object, column: str, place: str, noun: str) -> Path:
    """The path that a row names.

    Raises:
        DataError: It names none.
    """
    if not isinstance(value, str):
        raise DataError(
            f"{place}: {column} is empty" if value is None else f"{place}: {column} holds {value!r}",
            f"the path of {'an' if noun[0] in 'aeiou' else 'a'} {noun}",
            "Fill it in.",
        )
    return permitted(Path(value), base)

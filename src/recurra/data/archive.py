"""Arrays of npz and npy files, read without running anything."""

import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from recurra.data.object_array import UNREADABLE, Header, read_header
from recurra.errors import DataError

FEATURES = ("features", "feature", "feats", "feat", "embeddings", "embedding", "embeds")
"""What arrays are called that hold what a net said of something, and never the thing itself."""
_ZIP = b"PK"

Announced: TypeAlias = np.ndarray | Header
"""An array, or what a file announces of one."""


def read_heads(path: Path) -> dict[str, Header]:
    """What an npz or npy file announces of its arrays, by their names; that of an npy file has none.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            if file.peek(len(_ZIP))[: len(_ZIP)] != _ZIP:
                return {"": read_header(file)}
            with zipfile.ZipFile(file) as archive:
                names = [one for one in archive.namelist() if one.endswith(".npy")]
                return {one.removesuffix(".npy"): _head(archive, one) for one in names}
    except UNREADABLE as error:
        raise unreadable(path, error, "an npz file of arrays of numbers and texts") from error


def _head(archive: zipfile.ZipFile, name: str) -> Header:
    with archive.open(name) as member:
        return read_header(member)


def read_arrays(
    path: Path, expected: str = "an npz file of arrays of numbers and texts"
) -> dict[str, np.ndarray]:
    """The arrays of a file by their names; that of an npy file has none.

    Args:
        path: The file. Arrays of objects are refused: to read them could run code.
        expected: What the file is to be, for the error.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
            arrays = {"": found} if isinstance(found, np.ndarray) else {one: found[one] for one in found}
    except UNREADABLE as error:
        raise unreadable(path, error, expected) from error
    return {name: one for name, one in arrays.items() if isinstance(one, np.ndarray)}


def unreadable(path: Path, error: Exception, expected: str) -> DataError:
    """The error for a file that is damaged, or whose arrays are objects."""
    return DataError(
        f"{path} cannot be read ({error})",
        expected,
        "Write it again with numpy.savez; arrays of objects are not read, since they could run code.",
    )


def beside(arrays: Mapping[str, Any], apart: Collection[str], rows: int) -> pl.DataFrame:
    """A table of the arrays that hold a number or text for each row, but some; of none, numbers of rows."""
    columns = {
        name: one.tolist()
        for name, one in arrays.items()
        if name not in apart
        and isinstance(one, np.ndarray)
        and one.shape == (rows,)
        and one.dtype.kind in "biufU"
    }
    return pl.DataFrame(columns) if columns else pl.DataFrame({"row": range(rows)})

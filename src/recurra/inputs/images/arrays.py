"""Images that are arrays of numbers: in a column of nested lists, or in an npz file beside other arrays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recurra.data.archive import FEATURES, Announced, beside, read_arrays, read_heads
from recurra.data.naming import listed
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.rows import Rows, file_kind, numbered, wrong_column

NAMES = ("image", "images", "picture", "pictures", "photo", "pixels", "img", "x")
"""What arrays are called that are images, and nothing else of as many axes."""
_CHANNELS = (1, 3)
_SHAPE = "[row][column], or [row][column][channel] of 1 or 3 channels"


def is_archive(path: Path) -> bool:
    """Whether a path ends as npz files do."""
    return file_kind(path) == ".npz"


def array_column(frame: pl.DataFrame) -> str | None:
    """The first column of nested lists that are images; three deep only by its name, or whole numbers."""
    for column in frame:
        depth, whole = _depth(column)
        if depth == 2 and not column.name.lower().startswith("frames"):
            return column.name
        if depth == 3 and (column.name.lower() in NAMES or whole):
            return column.name
    return None


def read_column(rows: Rows, name: str) -> list[np.ndarray]:
    """The arrays (height, width, channels) of a column.

    Raises:
        DataError: It is not there, or a row holds no image; the message names it.
    """
    if name not in rows.frame.columns or _depth(rows.frame[name])[0] not in (2, 3):
        raise wrong_column(rows, "image", [name], f"a column of nested lists {_SHAPE}")
    return [
        array_of(one, f"{place}: {name}")
        for one, place in zip(_nested(rows.frame[name]), rows.places, strict=True)
    ]


def array_of(value: Any, place: str) -> np.ndarray:
    """An array (height, width, channels) of what holds an image.

    Raises:
        DataError: It is none.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.zeros(0)
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or not array.size or array.dtype.kind not in "biuf" or array.shape[2] not in _CHANNELS:
        raise DataError(f"{place} holds no image", f"nested lists of numbers {_SHAPE}", "Correct the row.")
    return array.astype(np.uint8) if array.dtype.kind == "b" else array


def holds_images(path: Path) -> bool:
    """Whether an npz file holds an array of images, by what it announces.

    Raises:
        DataError: It cannot be read.
    """
    return _found(read_heads(path)) is not None


def read_archive(path: Path, wanted: str) -> tuple[Rows, list[np.ndarray], str]:
    """A table of the arrays of a file that hold a value for each image, the images, and what they are called.

    Args:
        path: The file. Arrays of objects are refused: to read them could run code.
        wanted: The array of images, or "auto".

    Raises:
        DataError: It cannot be read, or has no such array.
    """
    arrays = read_arrays(path)
    name = _found(arrays) if wanted in ("auto", "none") else wanted
    if name is None or name not in arrays or not _is_images(arrays[name]):
        raise DataError(
            f"{path} has no array of images" + (f" {wanted!r}" if wanted not in ("auto", "none") else ""),
            "one (rows, height, width), or (rows, height, width, channels) of 1 or 3 channels",
            f"Name it with image=; its arrays are {listed(arrays, 30)}.",
        )
    images = arrays[name]
    frame = beside(arrays, (name,), len(images))
    places = numbered(path.name, len(images))
    own = [array_of(one, place) for one, place in zip(images, places, strict=True)]
    return Rows(frame, places, Table(frame, "polars", str(path))), own, name


def _found(arrays: Mapping[str, Announced]) -> str | None:
    """The first array that is called as images are, else the first that can be nothing else."""
    able = [name for name, one in arrays.items() if _is_images(one) and name.lower() not in FEATURES]
    called = [name for name in able if name.lower() in NAMES]
    moving = "lengths" in arrays  # then the first axis is time
    sure = [
        name for name in able if not moving and (arrays[name].ndim == 3 or arrays[name].dtype.kind in "iub")
    ]
    return next(iter((*called, *sure)), None)


def _is_images(array: Announced) -> bool:
    if array.dtype.kind not in "biuf" or not array.size:
        return False
    return array.ndim == 3 or (array.ndim == 4 and array.shape[3] in _CHANNELS)


def _depth(column: pl.Series) -> tuple[int, bool]:
    """How deep its lists of numbers are nested, 0 of anything else, and whether these are whole."""
    depth, inner = 0, column.dtype
    while isinstance(inner, pl.List | pl.Array):
        depth, inner = depth + 1, inner.inner  # type: ignore[assignment]
    return (depth if inner.is_numeric() or inner == pl.Boolean else 0), inner.is_integer()


def _nested(column: pl.Series) -> Any:
    """The values of each row: all at once where every image has the same size, else one by one."""
    flat, shape = column, [len(column)]
    while isinstance(flat.dtype, pl.List | pl.Array):
        sizes = [flat.dtype.size] if isinstance(flat.dtype, pl.Array) else flat.list.len().unique().to_list()
        if flat.null_count() or len(sizes) != 1 or not sizes[0]:
            return [None if (row := column[at]) is None else _nested(row) for at in range(len(column))]
        shape.append(sizes[0])
        flat = flat.explode()
    return flat.to_numpy().reshape(shape)

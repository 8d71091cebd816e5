"""Ink in npz files: arrays of objects as stroke-3 has them, or one array of all points and their lengths."""

import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recurra.data.archive import beside
from recurra.data.naming import listed
from recurra.data.object_array import UNREADABLE, announces_objects, read_object_array
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.rows import Rows, file_kind, numbered
from recurra.inputs.strokes.ink import Ink, make_ink
from recurra.inputs.strokes.nested import Form, points_with_pen

LENGTHS = "lengths"
_HEAD = 1 << 16  # bytes in which an array says what it is of
_NUMBERS = "biuf"  # kinds of elements
_FIRST = "train"  # of several arrays of ink
_RELATIVE, _WIDE = 3, 5  # numbers of a point: a move and the pen; up to time and pressure


class Found(NamedTuple):
    """Ink, the table beside it, and the other arrays that hold ink."""

    rows: Rows
    inks: list[Ink]
    others: list[str]


def is_archive(path: Path) -> bool:
    """Whether a path ends as npz files do."""
    return file_kind(path) == ".npz"


def holds_ink(path: Path) -> bool:
    """Whether a file holds an array of objects, which no other input reads, or one called `strokes`.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            heads = (io.BytesIO(archive.open(name).read(_HEAD)) for name in names)
            return "strokes.npy" in names or any(map(announces_objects, heads))
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def read_archive(path: Path, wanted: str, form: Form) -> Found:
    """The ink of an array, and a table of the other arrays that hold a value for each.

    An array of objects holds stroke-3: rows of (dx, dy, 1 where the pen is lifted afterwards). An array of
    all points (x, y, pen, maybe time and pressure) has `lengths` beside it.

    Args:
        path: The file.
        wanted: The name of the array, or "auto": `train` or `strokes`, else the first.
        form: How points are written.

    Raises:
        DataError: It cannot be read, or there is no such array.
    """
    arrays = read_arrays(path)
    lengths = arrays.get(LENGTHS)
    able = {
        name: own
        for name, own in arrays.items()
        if _is_moves(own) or (isinstance(lengths, np.ndarray) and _is_points(own))
    }
    usual = next((name for name in (_FIRST, "strokes") if name in able), next(iter(able), None))
    name = usual if wanted == "auto" else wanted
    if name is None or name not in able:
        raise DataError(
            f"{path} has no array of ink" + ("" if wanted == "auto" else f" {wanted!r}"),
            "one of objects, each (time, 3: dx, dy, lifted), or (points, 3: x, y, pen) with `lengths`",
            f"Name it with strokes=; its arrays are {listed(arrays, 30)}.",
        )
    pieces = able[name]
    parts = pieces if isinstance(pieces, list) else _cut(pieces, np.asarray(lengths), str(path))
    places = numbered(path.name, len(parts))
    own = _of_moves if isinstance(pieces, list) else _of_points
    inks = [own(one, place, form) for one, place in zip(parts, places, strict=True)]
    frame = beside(arrays, (name, LENGTHS), len(inks))
    rows = Rows(frame, places, Table(frame, "polars", str(path)))
    return Found(rows, inks, [one for one in able if one != name])


def read_arrays(path: Path) -> dict[str, list[np.ndarray] | np.ndarray]:
    """The arrays of an npz file; those of objects as lists of arrays. Nothing in it is run.

    Raises:
        DataError: It is damaged, or holds other objects than arrays of numbers.
    """
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".npy"):
                    found[name.removesuffix(".npy")] = read_object_array(archive.read(name))
    except DataError as error:
        raise DataError(f"{path}: {error.got}", error.expected, error.remedy) from error
    except UNREADABLE as error:
        raise _unreadable(path, error) from error
    return found


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} cannot be read ({error})", "an npz file of arrays", "Write it again with numpy.savez."
    )


def read_array(path: Path, form: Form) -> Ink:
    """The ink of an .npy file: (points, 3: x, y, pen).

    Raises:
        DataError: It cannot be read, or is no such array.
    """
    try:
        array = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except UNREADABLE as error:
        raise DataError(
            f"{path} cannot be read ({error})", "an array of points", "Write the file again."
        ) from error
    if array.dtype.kind not in _NUMBERS:
        raise DataError(f"{path}: an array of {array.dtype}", "points of numbers", "Write numbers.")
    return _of_points(array, path.name, form)


def _is_moves(own: list[np.ndarray] | np.ndarray) -> bool:
    return (
        isinstance(own, list)
        and bool(own)
        and all(one.ndim == 2 and one.shape[1] == _RELATIVE for one in own)
    )


def _is_points(own: list[np.ndarray] | np.ndarray) -> bool:
    if not isinstance(own, np.ndarray) or own.ndim != 2 or own.dtype.kind not in "iuf":
        return False
    return own.shape[1] in range(_RELATIVE, _WIDE + 1)


def _of_moves(moves: np.ndarray, place: str, form: Form) -> Ink:
    """Ink of stroke-3; where the first point stands does not matter."""
    values = moves.astype(np.float64)
    if not np.isin(values[:, 2], (0, 1)).all():
        raise DataError(f"{place}: a pen that is neither 0 nor 1", "dx, dy, lifted", "Correct it.")
    with np.errstate(over="ignore", invalid="ignore"):  # which is told as no finite place
        points = np.cumsum(values[:, :2], axis=0)
    return make_ink(points, values[:, 2], place, upward=form.upward)


def _of_points(points: np.ndarray, place: str, form: Form) -> Ink:
    return points_with_pen(points.astype(np.float64), place, form).ink(place, form)


def _cut(points: np.ndarray, lengths: np.ndarray, source: str) -> list[np.ndarray]:
    whole = lengths.ndim == 1 and len(lengths) > 0 and lengths.dtype.kind in "iu"
    inside = whole and ((lengths > 0) & (lengths <= len(points))).all()  # so that their sum does not overflow
    if not inside or lengths.sum() != len(points):
        raise DataError(
            f"{source}: `lengths` that do not fit {len(points):,} points",
            "how many points each ink has, one at least",
            "Correct one of them.",
        )
    return np.split(points, np.cumsum(lengths)[:-1])

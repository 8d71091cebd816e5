"""Motions in an npz file: one array of all frames, and arrays of what stands beside each motion."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from recurra.data.archive import Announced, beside, read_arrays, read_heads
from recurra.data.naming import listed
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.motion.live import frames_of
from recurra.inputs.motion.motion import Motion, numbered_joints
from recurra.inputs.rows import Rows, file_kind, numbered

LENGTHS, NAMES = "lengths", "joint_names"


def is_archive(path: Path) -> bool:
    """Whether a path ends as npz files do."""
    return file_kind(path) == ".npz"


def holds_frames(path: Path) -> bool:
    """Whether a file holds an array of frames, by what it announces.

    Raises:
        DataError: It cannot be read.
    """
    return _first_frames(read_heads(path)) is not None


def read_archive(path: Path, wanted: str) -> tuple[Rows, list[Motion]]:
    """The motions of a file, and a table of its other arrays that hold a value for each of them.

    Args:
        path: The file. Arrays of objects are refused: to read them could run code.
        wanted: The array of frames, or "auto".

    Raises:
        DataError: It cannot be read, or its arrays do not belong together.
    """
    arrays = read_arrays(path)
    name = _first_frames(arrays) if wanted == "auto" else wanted
    if name is None or name not in arrays or not is_frames(arrays[name]):
        raise DataError(
            f"{path} has no array of frames" + (f" {wanted!r}" if wanted != "auto" else ""),
            "one (rows, time, joints, axes), or (time of all, joints, axes) and `lengths`, of 2 or 3 axes",
            f"Name it with frames=; its arrays are {listed(arrays, 30)}.",
        )
    pieces = _pieces(arrays[name], arrays.get(LENGTHS), str(path))
    joints = arrays.get(NAMES)
    known = joints is not None and joints.shape == (pieces[0].shape[1],)
    names = tuple(map(str, joints)) if known and joints is not None else ()
    names = names or numbered_joints(pieces[0].shape[1])
    frame = beside(arrays, (name, LENGTHS, NAMES), len(pieces))
    places = numbered(path.name, len(pieces))
    motions = [Motion(names, frames_of(one, place)) for one, place in zip(pieces, places, strict=True)]
    return Rows(frame, places, Table(frame, "polars", str(path))), motions


def _first_frames(arrays: Mapping[str, Announced]) -> str | None:
    """The first array that looks like frames: of fractions, of several motions or with `lengths`."""
    several = LENGTHS in arrays
    for name, one in arrays.items():
        if is_frames(one) and one.dtype.kind == "f" and (one.ndim == 4 or several):
            return name
    return None


def is_frames(array: Announced) -> bool:
    """Whether an array may be one of joints over time, or of several such motions."""
    numeric = array.dtype.kind in "fiu" and array.size > 0
    return numeric and array.ndim in (3, 4) and array.shape[-1] in (2, 3) and array.shape[-2] > 1


def _pieces(
    array: np.ndarray, lengths: np.ndarray | None, source: str
) -> list[Shaped[np.ndarray, "time joints axes"]]:
    """The frames of each motion."""
    if lengths is not None and (lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 1).any()):
        raise DataError(
            f"{source}: an array {LENGTHS!r} that holds no lengths",
            "a whole number above 0 for each motion",
            f"Correct {LENGTHS!r}, or leave it out.",
        )
    if array.ndim == 4:
        if lengths is None:
            return list(array)
        if len(lengths) != len(array) or lengths.max() > array.shape[1]:
            raise _unfitting(source, len(lengths), int(lengths.max()), f"{array.shape[:2]}")
        return [one[:length] for one, length in zip(array, lengths, strict=True)]
    if lengths is None:
        return [array]
    if lengths.sum() != len(array):
        raise _unfitting(source, len(lengths), int(lengths.sum()), f"{len(array)} frames")
    return np.split(array, np.cumsum(lengths)[:-1])


def _unfitting(source: str, rows: int, frames: int, array: str) -> DataError:
    return DataError(
        f"{source}: {rows} lengths, of {frames} frames, for an array of {array}",
        "lengths that fit the array",
        "Correct one of them.",
    )

"""Motions from arrays, tables and folders of files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float32

from recurra.data.archive import read_heads
from recurra.data.naming import counted, listed
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.examples import Examples, Keep, Kept
from recurra.inputs.glance import glance, id_name, is_list_of_numbers
from recurra.inputs.long_table import grouped, time_name
from recurra.inputs.motion.archive import is_archive, is_frames, read_archive
from recurra.inputs.motion.config import MotionConfig
from recurra.inputs.motion.live import frames_of
from recurra.inputs.motion.motion import Motion, numbered_joints
from recurra.inputs.rows import Rows, check_not_told, file_kind, path_of, read_rows, wrong_column

FRAMES, LABEL = "frames", "label"
_NAMED = re.compile(r"(.+?)(?:[ _.-]([xyzXYZ])|(?<=[a-z0-9])([XYZ]))")
_FEWEST = 5  # joints in columns of their own; with fewer they are channels of sensors
_ARRAYS = (".npy", ".npz")
_ONE = (*_ARRAYS, ".json", ".jsonl", ".csv")


class Found(NamedTuple):
    """Motions, the table beside them, and which of its columns they came from."""

    rows: Rows
    motions: list[Motion]
    reads: list[str]
    settings: dict[str, str]


def read(source: Any, config: MotionConfig, keep: Keep) -> Examples:
    """Read motions.

    Args:
        source: An npz file with an array (rows, time, joints, axes), or (time of all, joints, axes) and
            `lengths`, and arrays of the other columns; a table with a column of nested lists
            [time][joint][axis], or with columns NAME_x, NAME_y, NAME_z of lists, or of numbers beside an id;
            a folder of such files with a motion each, whose label is the folder they lie in or, where all
            lie in one, their name before "_".
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: It cannot be read; the message names file and row.
    """
    path = path_of(source)
    if path is not None and path.is_dir():
        found = _of_folder(path, config)
    elif path is not None and is_archive(path):
        found = Found(*read_archive(path, config.frames), [FRAMES], {})
    else:
        found = _of_table(read_rows(source), config, keep)
    kept = keep(found.rows.frame.drop(found.reads, strict=False))
    check_not_told(found.rows, "frames", found.reads, kept)
    return _examples(found, config.max_length, kept)


def _examples(found: Found, longest: int, kept: Kept) -> Examples:
    rows, motions = found.rows, found.motions
    shapes = [(len(one.joints), one.positions.shape[2]) for one in motions]
    for place, shape in zip(rows.places, shapes, strict=True):
        if shape != shapes[0]:
            raise DataError(
                f"{place}: {shape[0]} joints in {shape[1]} dimensions",
                f"{shapes[0][0]} in {shapes[0][1]}, as in the first",
                "Give the same joints everywhere; null where one is not seen.",
            )
    cut = sum(len(one) > longest for one in motions)
    gaps = sum(bool(np.isnan(one.positions).any()) for one in motions)
    motions = [one.head(longest) for one in motions] if cut else motions
    rows = rows.noting(
        f"cut {counted(cut, 'motion')} of more than {longest:,} frames to the first {longest:,}"
        if cut
        else "",
        f"joints are not seen for a while in {counted(gaps, 'motion')}; they stay where they were, "
        "and the net is told"
        if gaps
        else "",
    )
    beside = [one for one in rows.frame.columns if one not in found.reads]
    return rows.examples(motions, beside, reads=found.reads, kept=kept, settings=found.settings)


def frames_column(frame: pl.DataFrame) -> str | None:
    """The first column of nested lists [time][joint][axis] of numbers."""
    return next((column.name for column in frame if _depth(column) == 3), None)


def joint_columns(frame: pl.DataFrame) -> dict[str, list[str]]:
    """The columns of each joint, in the order of its axes; none where there are fewer than five joints.

    Raises:
        DataError: Two columns are called alike but for their separators.
    """
    found: dict[str, dict[str, str]] = {}
    for column in frame:
        name = _NAMED.fullmatch(column.name)
        if name is not None and (
            column.dtype.is_numeric() or column.dtype == pl.Null or is_list_of_numbers(column)
        ):
            axis = (name[2] or name[3]).lower()
            other = found.setdefault(name[1], {}).setdefault(axis, column.name)
            if other != column.name:
                raise DataError(
                    f"columns {other!r} and {column.name!r}, both axis {axis} of {name[1]!r}",
                    "one column for each axis of a joint",
                    "Rename one of them.",
                )
    axes = [tuple(sorted(one)) for one in found.values()]
    whole = max(("xy", "xyz"), key=lambda wanted: axes.count(tuple(wanted)))
    joints = {joint: [own[axis] for axis in whole] for joint, own in found.items() if set(own) == set(whole)}
    return joints if len(joints) >= _FEWEST else {}


def _depth(column: pl.Series) -> int:
    """How deep its lists of numbers are nested; 0 of anything else."""
    depth, inner = 0, column.dtype
    while isinstance(inner, pl.List | pl.Array):
        depth, inner = depth + 1, inner.inner  # type: ignore[assignment]
    return depth if inner.is_numeric() or inner == pl.Null else 0


def _of_table(rows: Rows, config: MotionConfig, keep: Keep) -> Found:
    frame = rows.frame
    name = frames_column(frame) if config.frames == "auto" else config.frames
    if name is not None:
        if name not in frame.columns or _depth(frame[name]) != 3:
            raise wrong_column(rows, "frames", [name], "a column of nested lists [time][joint][axis]")
        arrays = [
            frames_of(one, place) for one, place in zip(frame[name].to_list(), rows.places, strict=True)
        ]
        own = [Motion(numbered_joints(one.shape[1]), one) for one in arrays]
        return Found(rows, own, [name], {"frames": name})
    joints = joint_columns(frame)
    if not joints:
        raise DataError(
            f"{rows.table.source} holds no motions",
            "a column of nested lists [time][joint][axis], or columns NAME_x, NAME_y of five joints or more",
            f"Name the column with frames=; its columns are {listed(frame.columns, 30)}.",
        )
    columns = [one for own in joints.values() for one in own]
    identity = id_name(frame, config.unique_id) if config.unique_id != "none" else None
    if identity is None and config.unique_id not in ("auto", "none"):
        raise wrong_column(rows, "unique_id", [config.unique_id], "a column of ids")
    _check_alike(rows, columns)
    if not is_list_of_numbers(frame[columns[0]]):
        time = time_name(one for one in frame.columns if one not in columns)
        rows = grouped(rows, identity, time, columns) if identity is not None else _as_one(rows, columns)
    kept = keep(rows.frame.drop(columns))
    check_not_told(rows, "frames", columns, kept)
    return Found(rows, _joined(rows, joints), columns, {"unique_id": identity or "none"})


def _check_alike(rows: Rows, columns: Sequence[str]) -> None:
    """Make sure that all columns of joints hold lists, or none does, and that no list is missing.

    Raises:
        DataError: They do not.
    """
    lists = [is_list_of_numbers(rows.frame[name]) for name in columns]
    if any(lists) and not all(lists):
        other = columns[lists.index(False)]
        raise DataError(
            f"{rows.table.source}: {other} holds no lists, {columns[lists.index(True)]} does",
            "lists in all columns of joints, or numbers in all",
            "Correct it.",
        )
    for name in columns:
        if any(lists) and rows.frame[name].null_count():
            row = int(rows.frame[name].is_null().arg_max() or 0)
            raise DataError(f"{rows.places[row]}: {name} is missing", "a list of numbers", "Add it.")


def _as_one(rows: Rows, columns: Sequence[str]) -> Rows:
    """A table whose rows are the frames of a single motion.

    Raises:
        DataError: Other columns say that there are several.
    """
    others = [name for name in rows.frame.columns if name not in columns]
    varying = [name for name in others if rows.frame[name].n_unique() > 1 and time_name([name]) is None]
    if varying:
        raise DataError(
            f"{rows.table.source}: frames of one motion in which {listed(map(repr, varying))} vary",
            "a column of ids that repeat, where there are several motions",
            "Name it with unique_id=, or leave those columns out.",
        )
    first = [pl.col(name).first() for name in others]
    frame = rows.frame.select([pl.col(name).implode() for name in columns] + first)
    return replace(rows, frame=frame, places=rows.places[:1])


def _joined(rows: Rows, joints: dict[str, list[str]]) -> list[Motion]:
    """Motions of which each joint's axes are columns."""
    found = []
    for row, place in zip(rows.frame.iter_rows(named=True), rows.places, strict=True):
        lists = [[row[name] for name in own] for own in joints.values()]
        if len({len(one) for own in lists for one in own}) > 1:
            raise DataError(
                f"{place}: lists of different lengths", "a number for each frame", "Correct the row."
            )
        turned = [[list(axes) for axes in zip(*own, strict=True)] for own in lists]
        frames = [list(joints_of_frame) for joints_of_frame in zip(*turned, strict=True)]
        columns = tuple(name for own in joints.values() for name in own)
        found.append(Motion(tuple(joints), frames_of(frames, place), columns))
    return found


def motion_files(folder: Path) -> list[Path]:
    """The files of a folder and of the folders in it that may hold a motion, in their order.

    Where there are arrays (.npy, .npz), other files are something else.
    """
    found = (one for pattern in ("*", "*/*") for one in folder.glob(pattern))
    files = sorted(one for one in found if one.is_file() and file_kind(one) in _ONE and one.name[0] != ".")
    return [one for one in files if file_kind(one) in _ARRAYS] or files


def holds_a_motion(path: Path) -> bool:
    """Whether a file of a folder looks like one of `motion_files`; of arrays no more than heads is read.

    Raises:
        DataError: It cannot be read.
    """
    if file_kind(path) in _ARRAYS:
        return any(map(is_frames, read_heads(path).values()))
    frame = glance(path)
    return frame is not None and (frames_column(frame) is not None or bool(joint_columns(frame)))


def _of_folder(folder: Path, config: MotionConfig) -> Found:
    files = motion_files(folder)
    if not files:
        raise DataError(f"{folder} holds no motions", f"files of {listed(_ONE)}", "Check the folder.")
    flat = all(one.parent == folder for one in files)
    labels = [one.stem.split("_")[0] if flat else one.parent.name for one in files]
    places = [str(one.relative_to(folder)) for one in files]
    motions = [_of_file(one, config) for one in files]
    frame = pl.DataFrame({LABEL: labels, "file": places})
    return Found(Rows(frame, places, Table(frame, "polars", str(folder))), motions, [], {})


def _of_file(path: Path, config: MotionConfig) -> Motion:
    """The only motion of a file.

    Raises:
        DataError: There is none, or there are several.
    """
    if file_kind(path) == ".npy":
        array: Float32[np.ndarray, "time joints axes"] = frames_of(_array(path), path.name)
        return Motion(numbered_joints(array.shape[1]), array)
    found = (
        read_archive(path, config.frames)[1]
        if is_archive(path)
        else _of_table(read_rows(path), config, lambda _: Kept()).motions
    )
    if len(found) != 1:
        raise DataError(f"{path} holds {len(found)} motions", "one in each file of a folder", "Split it.")
    return found[0]


def _array(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DataError(
            f"{path} cannot be read ({error})", "an array of numbers", "Write the file again."
        ) from error

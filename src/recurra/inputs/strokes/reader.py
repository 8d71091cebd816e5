"""Ink from tables, arrays, files of its own, and folders of these."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from recurra.data.naming import counted, listed
from recurra.data.table import Table
from recurra.errors import DataError
from recurra.files import parse_json
from recurra.inputs.examples import Examples, Keep
from recurra.inputs.glance import id_name, is_list_of_numbers
from recurra.inputs.long_table import grouped
from recurra.inputs.rows import (
    Rows,
    check_not_told,
    decoded,
    file_kind,
    path_of,
    read_rows,
    wrong_column,
)
from recurra.inputs.strokes.archive import is_archive, read_archive, read_array
from recurra.inputs.strokes.columns import (
    FILE_KINDS,
    INK_KINDS,
    Channels,
    channels_of,
    depth_of,
    path_column,
    strokes_column,
)
from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.ink import Ink
from recurra.inputs.strokes.inkml import parse_inkml
from recurra.inputs.strokes.nested import Form, has_axes, ink_of, points_with_pen
from recurra.inputs.strokes.unipen import parse_unipen

STROKES, LABEL, TEXT = "strokes", "label", "text"
_DEPTHS = (2, 3)


class Found(NamedTuple):
    """Ink, the table beside it, which of its columns it came from, and settings as they were found to be."""

    rows: Rows
    inks: list[Ink]
    reads: list[str]
    settings: dict[str, str]


class Written(NamedTuple):
    """One ink of a file, what the file says that it is, and where it stands."""

    ink: Ink
    text: str | None
    place: str


def read(source: Any, config: StrokesConfig, keep: Keep) -> Examples:
    """Read ink.

    Args:
        source: A table with a column of nested lists, [stroke][point][x, y, time, pressure] or
            [point][x, y, pen], with columns x, y and pen (or stroke) of lists, or of numbers beside an id,
            or with a column of paths; an npz file of stroke-3 or of points with `lengths`; an InkML or
            UNIPEN file; a folder of such files, whose label is the folder they lie in or, where all lie in
            one, their name before "_", and whose text is what they say, or stands in NAME.txt beside.
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: It cannot be read; the message names file and row.
    """
    path = path_of(source)
    if path is not None and path.is_dir():
        found = _of_folder(path, config)
    elif path is not None and is_archive(path):
        found = _of_archive(path, config)
    elif path is not None and file_kind(path) in INK_KINDS:
        found = _of_files([path], config, path.parent)
    else:
        base = path.parent if path is not None else Path()
        found = _of_table(read_rows(source), config, keep, base)
    kept = keep(found.rows.frame.drop(found.reads, strict=False))
    check_not_told(found.rows, "strokes", found.reads, kept)
    rows, longest = found.rows, config.max_length
    cut = sum(len(one) > longest for one in found.inks)
    said = f"cut {counted(cut, 'ink')} of more than {longest:,} points to the first {longest:,}"
    rows = rows.noting(said if cut else "")
    beside = [one for one in rows.frame.columns if one not in found.reads]
    inks = [one.head(longest) for one in found.inks]
    return rows.examples(inks, beside, reads=found.reads, kept=kept, settings=found.settings)


def ink_files(folder: Path, kinds: Sequence[str] = FILE_KINDS) -> list[Path]:
    """The files of a folder and of the folders in it that may hold ink, in their order."""
    found = (one for pattern in ("*", "*/*") for one in folder.glob(pattern))
    return sorted(one for one in found if one.is_file() and file_kind(one) in kinds and one.name[0] != ".")


def _form(config: StrokesConfig, *, axes: bool = False) -> Form:
    return Form(axes or config.layout == "axes", config.pen, config.y_axis == "up")


def _of_archive(path: Path, config: StrokesConfig) -> Found:
    rows, inks, others = read_archive(path, config.strokes, _form(config))
    said = f"other arrays of ink are not read: {listed(others)} (strokes=NAME reads one)" if others else ""
    return Found(rows.noting(said), inks, [STROKES], {})


def _of_table(rows: Rows, config: StrokesConfig, keep: Keep, base: Path) -> Found:
    frame = rows.frame
    name = strokes_column(frame) if config.strokes == "auto" else config.strokes
    if name is not None:
        if name not in frame.columns or depth_of(frame[name]) not in _DEPTHS:
            raise wrong_column(rows, "strokes", [name], "a column of nested lists [stroke][point][x, y]")
        every = frame[name].to_list()
        axes = config.layout == "axes" or (
            config.layout == "auto" and depth_of(frame[name]) == max(_DEPTHS) and any(map(has_axes, every))
        )
        form = _form(config, axes=axes)
        inks = [ink_of(one, place, form) for one, place in zip(every, rows.places, strict=True)]
        return Found(rows, inks, [name], {"strokes": name, "layout": "axes" if axes else "points"})
    column = path_column(frame)
    if column is not None:
        return _of_paths(rows, column, config, base)
    channels = channels_of(frame)
    if channels is None:
        raise DataError(
            f"{rows.table.source} holds no ink",
            "a column of lists [stroke][point][x, y], columns x, y and pen (or stroke), or one of paths",
            f"Name the column of lists with strokes=; its columns are {listed(frame.columns, 30)}.",
        )
    return _of_channels(rows, channels, config, keep)


def _of_channels(rows: Rows, channels: Channels, config: StrokesConfig, keep: Keep) -> Found:
    frame, names = rows.frame, channels.names
    identity = id_name(frame, config.unique_id) if config.unique_id != "none" else None
    if identity is None and config.unique_id not in ("auto", "none"):
        raise wrong_column(rows, "unique_id", [config.unique_id], "a column of ids")
    if not is_list_of_numbers(frame[channels.x]):
        if identity is None:
            raise DataError(
                f"{rows.table.source}: a point in each row, and no column of ids",
                "a column that says which ink a row belongs to",
                "Name it with unique_id=, or give lists.",
            )
        time = channels.time
        rows = grouped(rows, identity, time, [one for one in names if one != time])
    inks = []
    for row, place in zip(rows.frame.select(names).iter_rows(named=True), rows.places, strict=True):
        lists = {name: row[name] for name in names}
        if any(one is None for one in lists.values()) or len({len(one) for one in lists.values()}) > 1:
            raise DataError(
                f"{place}: lists of different lengths in {listed(names)}",
                "a value for each point",
                "Correct it.",
            )
        inks.append(_of_lists(lists, channels, place, _form(config)))
    kept = keep(rows.frame.drop(names))
    check_not_told(rows, "strokes", names, kept)
    return Found(rows, inks, names, {"unique_id": identity or "none"})


def _of_lists(lists: dict[str, Any], channels: Channels, place: str, form: Form) -> Ink:
    """Ink of lists of its axes."""
    if channels.lifts is not None:
        pen = lists[channels.lifts]
    else:
        numbers = lists[channels.stroke or ""]
        pen = [one != after for one, after in zip(numbers, [*numbers[1:], None], strict=True)]
        form = form._replace(pen="lift")
    beside = [lists[one] for one in (channels.time, channels.pressure) if one is not None]
    if channels.time is None and beside:  # the fourth number is a time
        beside.insert(0, [0.0] * len(pen))
    try:
        points = np.array([lists[channels.x], lists[channels.y], pen, *beside], np.float64).T
    except (OverflowError, TypeError, ValueError) as error:
        raise DataError(f"{place}: what is no number", "numbers", "Correct it.") from error
    if np.isnan(points[:, 2]).any():
        raise DataError(f"{place}: a point without a pen", "0 or 1", "Fill it in.")
    ink = points_with_pen(points, place, form).ink(place, form)
    return ink if channels.time is not None else replace(ink, seconds=None)


def _of_paths(rows: Rows, column: str, config: StrokesConfig, base: Path) -> Found:
    inks = []
    for name, place in zip(rows.frame[column].to_list(), rows.places, strict=True):
        if not name:
            raise DataError(f"{place}: {column} is empty", "the path of a file of ink", "Fill it in.")
        inks.append(_only(_of_file(base / name, config), place))
    return Found(rows, inks, [column], {})


def _only(written: Sequence[Written], place: str) -> Ink:
    if len(written) != 1:
        raise DataError(f"{place}: a file of {len(written)} inks", "one", "Read the file itself.")
    return written[0].ink


def _of_folder(folder: Path, config: StrokesConfig) -> Found:
    files = ink_files(folder)
    if not files:
        raise DataError(f"{folder} holds no ink", f"files of {listed(FILE_KINDS)}", "Check the folder.")
    return _of_files(files, config, folder)


def _of_files(files: Sequence[Path], config: StrokesConfig, folder: Path) -> Found:
    flat = all(one.parent == folder for one in files)
    rows: list[dict[str, Any]] = []
    inks, places = [], []
    for path in files:
        written = _of_file(path, config)
        beside = path.with_suffix(".txt")
        told = decoded(beside).strip() if beside.is_file() and len(written) == 1 else None
        label = path.stem.split("_")[0] if flat else path.parent.name
        for ink, text, place in written:
            said = told if told is not None else text
            own = said if said is not None and len(written) > 1 else label
            rows.append({LABEL: own, "file": str(path.relative_to(folder)), TEXT: said})
            inks.append(ink)
            places.append(place)
    frame = pl.DataFrame(rows, schema={LABEL: pl.String, "file": pl.String, TEXT: pl.String})
    if frame[TEXT].null_count():
        frame = frame.drop(TEXT)
    source = str(files[0] if len(files) == 1 else folder)
    return Found(Rows(frame, places, Table(frame, "polars", source)), inks, [], {})


def _of_file(path: Path, config: StrokesConfig) -> list[Written]:
    """The inks of a file.

    Raises:
        DataError: It is not there, or cannot be read.
    """
    kind, place = file_kind(path), path.name
    up = config.y_axis == "up"
    make: dict[str, Callable[[], list[Written]]] = {
        ".inkml": lambda: [Written(*parse_inkml(path.read_bytes(), place, upward=up), place)],
        ".npy": lambda: [Written(read_array(path, _form(config)), None, place)],
        ".json": lambda: [Written(_of_json(path, config), None, place)],
    }
    try:
        if kind in make:
            return make[kind]()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error})", "a file of ink", "Check the path.") from error
    text = decoded(path)
    return [Written(*one) for one in parse_unipen(text, place, upward=config.y_axis != "down")]


def _of_json(path: Path, config: StrokesConfig) -> Ink:
    try:
        given = parse_json(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error})", "nested lists", "Restore the file.") from error
    if isinstance(given, dict):
        given = given.get(STROKES)
    return ink_of(given, path.name, _form(config, axes=config.layout == "auto" and has_axes(given)))

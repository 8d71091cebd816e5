"""Tunes from files, folders, tables and lists, as documents; all of them are kept in memory."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recurra.data.archive import read_heads
from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.inputs.notes.config import NotesConfig
from recurra.inputs.notes.midi import read_midi
from recurra.inputs.notes.roll import (
    PART,
    Named,
    arrays_of_mat,
    arrays_of_npz,
    is_chords,
    is_roll,
    tune_of,
    tunes_of_json,
)
from recurra.inputs.notes.tune import Tune
from recurra.inputs.rows import file_kind, path_of, read_rows
from recurra.inputs.symbol import Documents, Piece

MIDI = (".mid", ".midi", ".smf", ".kar")
_ARRAYS = (".npz", ".npy")
KINDS = (*MIDI, ".json", *_ARRAYS, ".mat")
COLUMNS = ("notes", "roll", "chords")
MEASURES: Mapping[str, Callable[[Tune], int]] = {"step": lambda tune: tune.steps, "note": len}
_ROLL = re.compile(rf'\s*(\{{\s*"{PART}"\s*:\s*\[\s*)?\[\s*\['.encode(), re.IGNORECASE)
_PEEKED = 200
_OF_MIDI, _OF_ROLLS = 4, 2  # steps of a beat


def read(source: Any, config: NotesConfig) -> Documents:
    """Read tunes.

    Args:
        source: A MIDI file; JSON, npz, npy or MAT with piano rolls; a folder of any of them; a table with a
            list of steps in each row; a list of tunes, each a list of steps or an array; or a sample.
        config: The settings.

    Raises:
        DataError: It cannot be read, or holds no notes; the message names the file and the step.
        MissingDependencyError: It is MIDI, and symusic is not installed.
    """
    repairs = list[str]()
    shown = str(source) if isinstance(source, str | Path) else f"a {type(source).__name__}"
    path = path_of(source)
    if path is not None and path.is_dir():
        named = _of_folder(path, config, repairs)
    elif path is not None and file_kind(path) in KINDS and is_of_notes(path):
        if not path.is_file():
            raise DataError(f"{path} does not exist", "a file or folder of notes", "Check the path.")
        named = _of_file(path, config, repairs)
    elif isinstance(source, list | tuple):
        named = _listed(source)
    else:
        named = _of_table(source, config)
    return _documents(named, shown, tuple(repairs), _settled(named, config))


def tunes_of_file(path: Path, config: NotesConfig, repairs: list[str]) -> list[Tune]:
    """The tunes of a file. Errors as `read`."""
    if file_kind(path) not in KINDS:
        raise DataError(f"{path.name} is no file of notes", f"one of {listed(KINDS)}", "Convert it.")
    return [one.tune for one in _of_file(path, config, repairs)]


def is_of_notes(path: Path) -> bool:
    """Whether a file is likely one of notes: by its name, or JSON that begins as rolls do."""
    if file_kind(path) != ".json":
        return file_kind(path) in KINDS
    try:
        with path.open("rb") as file:
            return _ROLL.match(file.read(_PEEKED)) is not None
    except OSError:
        return False


def files_of(folder: Path) -> list[Path]:
    """The files of notes in a folder and those below it."""
    return sorted(one for one in folder.rglob("*") if one.is_file() and is_of_notes(one))


def holds_rolls(path: Path) -> bool:
    """Whether a file of arrays holds a piano roll, by what it announces; of MAT files all is read.

    Raises:
        DataError: It cannot be read.
    """
    if file_kind(path) == ".mat":
        return bool(arrays_of_mat(path))
    return any(map(is_roll, read_heads(path).values()))


def notes_column(frame: pl.DataFrame, wanted: str) -> str | None:
    """The column of a table that holds tunes, each a list of lists of keys; None where there is none."""
    inner = {one.name: one.dtype for one in frame if isinstance(one.dtype, pl.List)}
    lists = [name for name, kind in inner.items() if isinstance(kind.inner, pl.List)]
    if wanted != "auto":
        return wanted if wanted in lists else None
    known = {name.lower(): name for name in lists}
    return next((known[name] for name in COLUMNS if name in known), None)


def _of_file(path: Path, config: NotesConfig, repairs: list[str]) -> list[Named]:
    kind = file_kind(path)
    if kind in MIDI:
        resolution = _OF_MIDI if config.resolution == "auto" else config.resolution
        tune, own = read_midi(path, resolution, drums=config.drums)
        repairs.extend(f"{path.name}: {sentence}" for sentence in own)
        return [Named(tune, path.name)]
    if kind == ".json":
        return tunes_of_json(path)
    return arrays_of_mat(path) if kind == ".mat" else arrays_of_npz(path)


def _of_folder(folder: Path, config: NotesConfig, repairs: list[str]) -> list[Named]:
    files = files_of(folder)
    if not files:
        raise DataError(
            f"{folder} holds no files of notes", f"files that end in {listed(KINDS)}", "Check the folder."
        )
    found, refused = list[Named](), list[DataError]()
    for path in files:
        try:
            found += _of_file(path, config, repairs)
        except DataError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    if refused:
        repairs.append(
            f"left out {counted(len(refused), 'file')} of {len(files)}; the first: {refused[0].got}"
        )
    return found


def _of_table(source: Any, config: NotesConfig) -> list[Named]:
    rows = read_rows(source)
    name = notes_column(rows.frame, config.notes)
    if name is None:
        wanted = f"named {config.notes!r}" if config.notes != "auto" else f"named {' or '.join(COLUMNS)}"
        raise DataError(
            f"{rows.table.source} has no column of notes {wanted}",
            f"steps in each row, each a list of keys; its columns are {listed(rows.frame.columns, 30)}",
            "Name it with notes=COLUMN.",
        )
    tunes = rows.frame[name].to_list()
    found = [
        Named(tune_of(one, place), place)
        for one, place in zip(tunes, rows.places, strict=True)
        if one is not None
    ]
    if not found:
        raise DataError(f"{rows.table.source} holds no tune in column {name}", "one at least", "Fill it.")
    return found


def _listed(source: Sequence[Any]) -> list[Named]:
    if not source:
        raise DataError("an empty list", "a list of tunes", "Give at least one.")
    whole = is_chords(source)
    tunes = [source] if whole else source
    return [Named(tune_of(one, f"tune {at}"), f"tune {at}") for at, one in enumerate(tunes, start=1)]


def _settled(named: Sequence[Named], config: NotesConfig) -> dict[str, Any]:
    """What "auto" is for these tunes."""
    told = any(one.tune.tells_held for one in named)
    loud = np.unique(np.concatenate([one.tune.loudness for one in named]))
    return {
        "ties": told if config.ties == "auto" else config.ties,
        "resolution": (_OF_MIDI if told else _OF_ROLLS) if config.resolution == "auto" else config.resolution,
        "loudness": len(loud) > 1 if config.loudness == "auto" else config.loudness,
    }


def _documents(
    named: Sequence[Named], source: str, repairs: tuple[str, ...], settings: Mapping[str, Any]
) -> Documents:
    """The tunes that belong to no other part, with those of validation and test beside them.

    Where a source holds one part alone, that is all; of validation and test alone nothing is to train on.
    """
    others = {part: [one for one in named if one.part == part] for part in ("validation", "test")}
    own = [one for one in named if one.part == "train"]
    parts = {
        part: _documents(held, source, repairs, settings)
        for part, held in others.items()
        if held and len(held) < len(named)
    }
    own = own if parts else list(named)
    names = [one.name for one in own]
    return Documents(
        partial(_pieces, own), names.__getitem__, source, MEASURES, lambda: repairs, (), settings, parts
    )


def _pieces(named: Sequence[Named]) -> Iterator[Piece]:
    return (Piece(one.tune, ends=True, document=number) for number, one in enumerate(named))

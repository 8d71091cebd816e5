"""Piano rolls as tunes: lists of the keys of each step, and arrays of steps by keys."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recurra.data.archive import Announced, read_arrays
from recurra.data.mat import read_mat
from recurra.data.naming import listed
from recurra.data.object_array import UNREADABLE
from recurra.errors import DataError
from recurra.files import parse_json
from recurra.inputs.notes.tune import HIGHEST, KEYS, LOWEST, Tune

_MIDI_KEYS = 128
PART = r'(train|valid|validation|val|dev|test)(data|ing|_[^"]*)?'
"""What a part is called, in small letters."""
_PARTS = {"tr": "train", "va": "validation", "de": "validation", "te": "test"}
_SHAPE = "[[74, 70, 65, 58], [74, 70], [], ...]: the keys of each step, as MIDI counts them"


class Named(NamedTuple):
    """A tune, what it is called, and the part that it belongs to: "train", if its source says nothing."""

    tune: Tune
    name: str
    part: str = "train"


def tunes_of_json(path: Path) -> list[Named]:
    """The tunes of a JSON file: one, a list of them, or lists of them by part ("train", "valid", "test").

    Raises:
        DataError: It is no JSON, or is of another shape; the message says where.
    """
    try:
        document = parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no JSON ({error})", _SHAPE, "Check the file.") from error
    if not isinstance(document, Mapping):
        return _of_lists(document, str(path), "train", path.name)
    found = []
    for key, own in document.items():
        part = part_named(key)
        if part is None:
            raise DataError(
                f"{path} has a key {key!r}", "train, valid and test, each a list of tunes", "Rename it."
            )
        found += _of_lists(own, f"{path}, {key}", part, f"{path.name}, {key}")
    return found


def _of_lists(given: Any, where: str, part: str, name: str) -> list[Named]:
    """The tunes of nested lists: of one, or of several."""
    if not isinstance(given, list | tuple):
        raise _misshapen(where, given)
    several = any(isinstance(key, list | tuple) for step in given if isinstance(step, list) for key in step)
    if not several:
        return [Named(tune_of(given, where), name, part)]
    return [
        Named(tune_of(one, f"{where}, tune {number}"), f"{name} {number}", part)
        for number, one in enumerate(given, start=1)
    ]


def tune_of(given: Any, where: str) -> Tune:
    """The tune of a list of steps, or of an array (steps, 88) or (steps, 128) of zeros and others.

    A key of null, 0, -1 or NaN is one that rests.

    Raises:
        DataError: It is of another shape, or a key is none of a piano.
    """
    if isinstance(given, np.ndarray):
        return _of_array(given, where)
    return _sounding(Tune.of_chords(chords_of(given, where)), where)


def chords_of(given: Any, where: str) -> list[list[int]]:
    """The keys of a list of steps. Errors as of `tune_of`, but for rests alone."""
    if not isinstance(given, list | tuple):
        raise _misshapen(where, given)
    chords = []
    for number, step in enumerate(given, start=1):
        if not isinstance(step, list | tuple):
            raise _misshapen(f"{where}, step {number}", step)
        keys = [_key(one, f"{where}, step {number}") for one in step]
        chords.append([key for key in keys if key is not None])
    return chords


def arrays_of_npz(path: Path) -> list[Named]:
    """The tunes of an npy or npz file: every array of steps by keys.

    Raises:
        DataError: It cannot be read, or holds none. Arrays of objects are refused: to read them could run
            code.
    """
    return _of_arrays(read_arrays(path, "an npz file of arrays (steps, 88) or (steps, 128) of numbers"), path)


def arrays_of_mat(path: Path) -> list[Named]:
    """The tunes of a MAT file of version 5 to 7: every matrix of steps by keys, also in cells and structures.

    Raises:
        DataError: It cannot be read, or holds none.
    """
    try:
        found = read_mat(path.read_bytes())
    except UNREADABLE as error:
        remedy = "Check the file; one of version 4 or 7.3 is saved again with -v7."
        raise DataError(f"{path} cannot be read ({error})", "a MAT file of rolls", remedy) from error
    return _of_arrays(_fields(found), path)


def _fields(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays by their names, those of structures by the names of their fields."""
    found = dict[str, Any]()
    for name, array in arrays.items():
        found |= _fields(array) if isinstance(array, Mapping) else {name: array}
    return found


def _of_arrays(arrays: Mapping[str, Any], path: Path) -> list[Named]:
    found = []
    for name, array in arrays.items():
        matrices = [one for one in _matrices(array) if is_roll(one)]
        part = part_named(name) or "train"
        for number, one in enumerate(matrices, start=1):
            own = " ".join(filter(None, [name, str(number) if len(matrices) > 1 else ""]))
            shown = f"{path.name}, {own}" if own else path.name
            found.append(Named(_of_array(one, f"{path}, {own}"), shown, part))
    if not found:
        shapes = [f"{name or 'array'} {getattr(one, 'shape', '')}".strip() for name, one in arrays.items()]
        raise DataError(
            f"{path} holds no piano roll, but {listed(shapes, 10) or 'nothing'}",
            "arrays (steps, 88) or (steps, 128)",
            "Turn them, or choose another file.",
        )
    return found


def _matrices(array: Any) -> list[np.ndarray]:
    """An array, or those in its cells."""
    if isinstance(array, Mapping):
        return [one for own in array.values() for one in _matrices(own)]
    if isinstance(array, list):
        return [one for cell in array for one in _matrices(cell)]
    return [array] if isinstance(array, np.ndarray) else []


def is_roll(array: Announced) -> bool:
    """Whether an array is one of steps by keys."""
    numeric = array.dtype.kind in "biuf" and array.ndim == 2
    return numeric and array.shape[1] in (KEYS, _MIDI_KEYS) and array.shape[0] > 0


def _of_array(array: np.ndarray, where: str) -> Tune:
    if not is_roll(array):
        raise DataError(
            f"{where} is an array of {array.dtype} of shape {array.shape}",
            "(steps, 88) or (steps, 128), above 0 where a key sounds",
            "Turn it, or give lists of keys.",
        )
    first = LOWEST if array.shape[1] == KEYS else 0
    steps, keys = np.nonzero(np.nan_to_num(array) > 0)
    keys = keys + first
    outside = keys[(keys < LOWEST) | (keys > HIGHEST)]
    if len(outside):
        raise _outside(int(outside[0]), where)
    ones = np.ones(len(keys), np.int64)
    return _sounding(Tune.of_notes(steps, ones, keys, tells_held=False, steps=len(array)), where)


def _sounding(tune: Tune, where: str) -> Tune:
    if not len(tune):
        raise DataError(f"{where} holds no notes", "a key in some step", "Leave it out.")
    return tune


def _key(given: Any, where: str) -> int | None:
    number = isinstance(given, int | float | np.integer) and not isinstance(given, bool)
    if given is None or (number and (given in (0, -1) or math.isnan(given))):
        return None
    if not number or math.isinf(given) or given != int(given):
        raise DataError(f"{where} holds {given!r}", "a key, as MIDI counts them: 60 is C4", "Correct it.")
    if not LOWEST <= given <= HIGHEST:
        raise _outside(int(given), where)
    return int(given)


def _outside(key: int, where: str) -> DataError:
    return DataError(
        f"{where} has key {key}", f"keys of a piano, {LOWEST} (A0) to {HIGHEST} (C8)", "Move it by octaves."
    )


def _misshapen(where: str, given: Any) -> DataError:
    return DataError(f"{where} is {str(given)[:40]!r}", _SHAPE, "Correct its shape.")


def part_named(name: str) -> str | None:
    """The part that a name tells: "validation" of "valid", "Valid_2" and "validdata"; else None."""
    return _PARTS[name[:2].lower()] if re.fullmatch(PART, name.lower()) else None


def is_chords(given: Sequence[Any]) -> bool:
    """Whether a list looks like the steps of a tune, each a list of keys."""
    lists = [one for one in given if isinstance(one, list | tuple)]
    if not lists or len(lists) != len(given):
        return False
    keys = [key for one in lists for key in one]
    return bool(keys) and all(isinstance(key, int | float | None) for key in keys)

"""Recordings from folders and tables; only headers are read here."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.data.naming import counted
from recurra.data.sound import Sound, is_sound, open_sound
from recurra.errors import DataError
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.examples import Examples, Keep, placed
from recurra.inputs.files import PATH, files_in, named_path_column, path_in, rows_of_file, rows_of_files
from recurra.inputs.rows import Rows, check_not_told, path_of, read_rows, wrong_column

NOISE = "_background_noise_"
"""Folder of what is no class, in the Speech Commands data (Warden 2018)."""
MOST_RATE = 16_000


def read(source: Any, config: AudioConfig, keep: Keep) -> Examples:
    """Read where recordings are.

    Args:
        source: A folder of recordings, whose label is the folder they lie in or, where all lie in one, their
            name before "_", and whose text stands in NAME.txt beside NAME.wav, but for a folder `NOISE` in
            it; a table with a column of paths; a single recording.
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: There is none, or one cannot be read; the message names it.
    """
    path = path_of(source)
    if path is not None and (path.is_dir() or is_sound(path)):
        rows = _rows_of(path)
        base, column, wanted = Path(), PATH, ("none", "none")
    else:
        rows = read_rows(source)
        base = path.parent if path is not None else Path()
        column, wanted = (
            named_path_column(rows, config.path, is_sound, "recording", "clips/one.wav"),
            (config.start, config.end),
        )
    kept = keep(rows.frame.drop(column))
    ends = [_end_column(rows, *one) for one in zip(("start", "end"), wanted, strict=True)]
    for name, setting in zip((column, *ends), ("path", "start", "end"), strict=True):
        if name is not None:
            check_not_told(rows, setting, [name], kept)
    sounds = _sounds(rows, base, column, ends)
    rows, sounds = _cut(rows, sounds, config.max_seconds)
    read_columns = [column, *(one for one in ends if one is not None)]
    return rows.examples(
        sounds,
        [one for one in rows.frame.columns if one not in ends],
        reads=read_columns,
        kept=kept,
        settings={
            "path": column,
            "sample_rate": _usual_rate(sounds) if config.sample_rate == "auto" else config.sample_rate,
        },
    )


def recordings(folder: Path) -> list[Path]:
    """See `recurra.inputs.files.files_in`."""
    return files_in(folder, is_sound)


def _rows_of(path: Path) -> Rows:
    """A row for each recording of a folder, with its label, or for the one that is given."""
    if not path.is_dir():
        return rows_of_file(path)
    every = recordings(path)
    files = [one for one in every if one.parent == path or one.parent.name != NOISE]
    if not files:
        raise DataError(f"{path} holds no recordings", "WAV, FLAC, OGG or MP3 files", "Check the folder.")
    return rows_of_files(path, files, "recording").noting(_left_out(every, files))


def _left_out(every: Sequence[Path], files: Sequence[Path]) -> str:
    """That noise is no class, where there is some."""
    number = len(every) - len(files)
    if not number:
        return ""
    return f"left out {counted(number, 'recording')} of {NOISE}, which training adds with noise_folder="


def _end_column(rows: Rows, name: str, wanted: str) -> str | None:
    """The column of starts or ends, where there is one."""
    if wanted == "none":
        return None
    found = name if wanted == "auto" else wanted
    if found not in rows.frame.columns:
        if wanted == "auto":
            return None
        raise wrong_column(rows, name, [wanted], "a column of seconds")
    if not rows.frame[found].dtype.is_numeric():
        raise wrong_column(rows, name, [found], "a column of seconds, which are numbers")
    return found


def _sounds(rows: Rows, base: Path, column: str, ends: Sequence[str | None]) -> list[Sound]:
    """The pieces that rows name; an error says which row it is."""
    paths = rows.frame[column].to_list()
    moments = [rows.frame[one].to_list() if one is not None else [None] * len(paths) for one in ends]
    found = []
    for name, start, end, place in zip(paths, *moments, rows.places, strict=True):
        path = path_in(base, name, column, place, "recording")
        try:
            found.append(open_sound(path, start, end))
        except DataError as error:
            raise placed(place, error) from error
    return found


def _cut(rows: Rows, sounds: list[Sound], longest: float) -> tuple[Rows, list[Sound]]:
    """Pieces of at most so many seconds."""
    cut = sum(one.seconds > longest for one in sounds)
    if not cut:
        return rows, sounds
    sentence = f"cut {counted(cut, 'recording')} at {longest:g} seconds (max_seconds)"
    kept = [Sound(one.path, one.rate, one.first, min(one.count, int(longest * one.rate))) for one in sounds]
    return rows.noting(sentence), kept


def _usual_rate(sounds: Sequence[Sound]) -> int:
    return min(Counter(one.rate for one in sounds).most_common(1)[0][0], MOST_RATE)

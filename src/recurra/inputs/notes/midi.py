"""MIDI files as tunes, and tunes as MIDI files, by symusic; nothing here runs what a file holds."""

from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from recurra.data.naming import counted
from recurra.errors import DataError, MissingDependencyError, StorageError
from recurra.inputs.notes.tune import HIGHEST, LOWEST, Tune

_MOST_BEATS = 16  # of a rest, or of a note
_MOST_TICKS = 2**31 - 1
_TICKS = 480  # of a beat, in files that are written
_SLOWEST, _FASTEST = 4.0, 1000.0
_UNTOLD = 120.0  # beats a minute of a file that does not say, by the standard


class Read(NamedTuple):
    """A tune, and what was put right in it, a clause each."""

    tune: Tune
    repairs: tuple[str, ...]


def read_midi(path: Path, resolution: int, *, drums: bool) -> Read:
    """The notes of all tracks of a file as one tune.

    Time is counted in beats, so that changes of tempo move nothing; beginnings and ends go to the nearest
    step, and a note sounds one at least. What stands before the first note is left out.

    Args:
        path: Of the file.
        resolution: Steps of a beat.
        drums: Whether the notes of drums count as keys.

    Raises:
        DataError: It is no MIDI, damaged, counts time in frames, or holds no notes.
        MissingDependencyError: symusic is not installed.
    """
    score = _score(path)
    tracks = [track for track in score.tracks if drums or not track.is_drum]
    columns = [track.notes.numpy() for track in tracks]
    begin, long, keys, loud = (
        np.concatenate([np.zeros(0, np.int64), *(one[name].astype(np.int64) for one in columns)])
        for name in ("time", "duration", "pitch", "velocity")
    )
    beaten = sum(len(track.notes) for track in score.tracks if track.is_drum)
    if not len(keys):
        but = f" but those of drums ({counted(beaten, 'note')})" if beaten else ""
        remedy = "Leave it out, or read drums as keys with drums=true." if beaten else "Leave it out."
        raise DataError(f"{path} holds no notes{but}", "one at least", remedy)
    if begin.min() < 0 or long.min() < 0 or (begin + long).max() > _MOST_TICKS:
        raise _damaged(path, "its times go past 2,147,483,647 ticks")
    repairs = [f"left out {counted(beaten, 'note')} of drums"] if beaten and not drums else []
    steps = _steps(begin, long, resolution, score.tpq)
    onsets, shortened = _without_silence(*steps, resolution)
    if shortened:
        repairs.append(f"shortened {counted(shortened, 'rest')} to {_MOST_BEATS} beats")
    folded = np.where(keys < LOWEST, keys + 12 * -((keys - LOWEST) // 12), keys)
    folded = np.where(folded > HIGHEST, folded - 12 * -((HIGHEST - folded) // 12), folded)
    moved = int((folded != keys).sum())
    if moved:
        repairs.append(f"moved {counted(moved, 'note')} by octaves into the keys of a piano")
    tempo = float(score.tempos[0].qpm) if len(score.tempos) else _UNTOLD
    tempo = min(max(tempo, _SLOWEST), _FASTEST)
    durations = np.minimum(steps[1], _MOST_BEATS * resolution)
    return Read(Tune.of_notes(onsets, durations, folded, loud, tempo=tempo), tuple(repairs))


def write_midi(tune: Tune, resolution: int, tempo: float) -> bytes:
    """A tune as a MIDI file of one track, a piano; keys that may be held are.

    Args:
        tune: The notes.
        resolution: Steps of a beat.
        tempo: Beats a minute.

    Raises:
        MissingDependencyError: symusic is not installed.
    """
    music, own = library(), tune.joined()
    ticks = [np.round(one * (_TICKS / resolution)) for one in (own.onsets, own.onsets + own.durations)]
    begins, ends = (one.astype(np.int32) for one in ticks)
    score, track = music.Score(_TICKS), music.Track("recurra")
    track.notes = music.Note.from_numpy(
        begins, ends - begins, own.keys.astype(np.int8), own.loudness.astype(np.int8), "tick"
    )
    score.tempos.append(music.Tempo(0, tempo))
    score.tracks.append(track)
    content: bytes = score.dumps_midi()
    return content


def library() -> ModuleType:
    """The package symusic.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import symusic  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "no symusic", "it, to read and write MIDI", "Install it: pip install 'recurra[music]'."
        ) from error
    found: ModuleType = symusic
    return found


def _score(path: Path) -> Any:
    music = library()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read ({error.strerror})", "a MIDI file", "Check the path and its permissions."
        ) from error
    if content[:4] != b"MThd":
        raise DataError(f"{path} is no MIDI file", "one that begins with MThd", "Check the file.")
    if len(content) >= 14 and content[12] & 0x80:
        raise DataError(
            f"{path} counts time in frames of a film (SMPTE)", "ticks of a beat", "Convert it with an editor."
        )
    if content[12:14] == b"\0\0":
        raise _damaged(path, "it says that a beat has no ticks")
    try:
        return music.Score.from_midi(content)
    except (RuntimeError, ValueError) as error:
        raise _damaged(path, str(error).partition("!")[0].removeprefix("MiniMidi: ")) from error


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"{path} is damaged: {why}", "a whole MIDI file", "Restore it, or leave it out.")


def _steps(begin: np.ndarray, long: np.ndarray, resolution: int, ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """Beginnings and durations in steps: both ends at the nearest, half a step goes up."""
    onsets, ends = ((2 * one * resolution + ticks) // (2 * ticks) for one in (begin, begin + long))
    return onsets, np.maximum(ends - onsets, 1)


def _without_silence(onsets: np.ndarray, durations: np.ndarray, resolution: int) -> tuple[np.ndarray, int]:
    """Beginnings without the rest before the first note, and without what is too long of others.

    Returns:
        They, and how many rests were shortened.
    """
    order = np.argsort(onsets, kind="stable")
    begins, most = onsets[order], _MOST_BEATS * resolution
    ended = np.maximum.accumulate(begins + np.minimum(durations[order], most))
    rests = begins - np.concatenate([begins[:1], ended[:-1]])
    excess = np.maximum(rests - most, 0)
    found = np.empty_like(onsets)
    found[order] = begins - begins[0] - np.cumsum(excess)
    return found, int((excess > 0).sum())

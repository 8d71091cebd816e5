"""Notes: what a task needs to know of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from recurra.inputs.examples import Keep
from recurra.inputs.glance import glance
from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.config import NotesConfig
from recurra.inputs.notes.event import Events
from recurra.inputs.notes.exhibit import compare, exhibit
from recurra.inputs.notes.notation import Notation
from recurra.inputs.notes.reader import MIDI, files_of, holds_rolls, is_of_notes, notes_column, read
from recurra.inputs.notes.revival import revive
from recurra.inputs.notes.roll import is_chords
from recurra.inputs.notes.tune import Tune
from recurra.inputs.rows import file_kind, path_of
from recurra.inputs.symbol import Piece, SymbolInput, Varied


def suits(source: Any, keep: Keep) -> bool:
    """Whether it is a file or folder of notes, a table with a column of them, or a list of tunes."""
    del keep
    if isinstance(source, list | tuple):
        first = source[0] if source else None
        arrays = isinstance(first, np.ndarray) and first.ndim == 2
        return arrays or (isinstance(first, list | tuple) and (is_chords(source) or is_chords(first)))
    path = path_of(source)
    if path is not None and path.is_dir():
        files = files_of(path)
        surely = any(file_kind(one) in (*MIDI, ".json") for one in files)  # arrays may be anything
        return surely or any(map(holds_rolls, files[:1]))
    if path is not None and is_of_notes(path):
        return True
    frame = glance(source)
    return frame is not None and notes_column(frame, "auto") is not None


def learn(contents: Iterator[Tune], config: NotesConfig) -> Notation:
    """The symbols that the settings ask for; all that is learnt is the tempo of the tunes to train on."""
    tempos = [one.tempo for one in contents if one.tempo is not None]
    tempo = round(float(np.median(tempos)), 2) if tempos else None
    about: Mapping[str, Any] = {"resolution": config.resolution, "tempo": tempo, "drums": config.drums}
    if config.form == "events":
        return Events(loudness=bool(config.loudness), **about)
    return Chords(ties=bool(config.ties), **about)


def halve(tune: Tune, at: int, slack: int) -> tuple[Tune, Tune]:
    """A tune in two, the first of `at` steps."""
    del slack
    return tune.halved(at)


def vary(pieces: Iterator[Piece], config: NotesConfig) -> Varied:
    """Every tune in other keys, as far as those are on the piano."""
    if not config.transpose:
        return Varied(pieces)
    shifts = sorted(range(-config.transpose, config.transpose + 1), key=abs)

    def transposed() -> Iterator[Piece]:
        own = list(pieces)
        for shift in shifts:
            for piece in own:
                tune = piece.content.transposed(shift)
                if tune is not None:  # a tune that is cut goes on after its last copy at most
                    yield piece._replace(content=tune, ends=piece.ends or shift != shifts[-1])

    keys = f"up to {config.transpose} semitones up and down (transpose=0 leaves them as they are)"
    return Varied(transposed(), f"tunes to train on are also read in other keys, {keys}", len(shifts))


NOTES = SymbolInput(
    name="notes",
    suits=suits,
    read=read,
    learn=learn,
    revive=revive,
    halve=halve,
    vary=vary,
    exhibit=exhibit,
    compare=compare,
)

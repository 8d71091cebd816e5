"""Notes of a live stream, and what is made of notes, without torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import numpy as np
from pydantic import Field

from recurra.config import Config
from recurra.confinement import permitted
from recurra.data.naming import counted
from recurra.data.pcm import wav_of_pieces
from recurra.data.sound import file_of_pieces
from recurra.data.sound import library as sound_library
from recurra.errors import ConfigError, DataError
from recurra.inputs.live import Guide, LiveSymbols
from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.config import NotesConfig
from recurra.inputs.notes.guide import below, within
from recurra.inputs.notes.midi import library as midi_library
from recurra.inputs.notes.midi import write_midi
from recurra.inputs.notes.notation import Notation
from recurra.inputs.notes.reader import KINDS, MIDI, tunes_of_file
from recurra.inputs.notes.revival import revive
from recurra.inputs.notes.roll import chords_of
from recurra.inputs.notes.scale import durations_of, key_named, key_of, scale_of
from recurra.inputs.notes.synthesiser import RATE, pieces
from recurra.inputs.notes.tune import Tune
from recurra.inputs.symbol import UNKNOWN

_SOUNDS = (".wav", ".ogg", ".flac")


class NotesMade(Config):
    """What is asked of notes that are made.

    Attributes:
        prompt: What comes before: a file of notes, or their signs.
        key: The only notes that are made: kept for those of the scale of the prompt, or a key such as
            'F# minor'; all are if left out.
        harmonise: A file of one voice, or its signs, to which the others are made (form=chords).
        tempo: Beats a minute of a file that is written; auto takes that of the prompt, or of most tunes that
            were trained on.
    """

    prompt: str = ""
    key: str = ""
    harmonise: str = ""
    tempo: Literal["auto"] | Annotated[float, Field(ge=4, le=1000)] = "auto"


class LiveNotes(LiveSymbols):
    """The symbols of notes.

    Args:
        notation: Notes to symbols.
    """

    columns = ("notes",)
    options = NotesMade
    prompts = KINDS
    products = (*MIDI, *_SOUNDS)

    def __init__(self, notation: Notation) -> None:
        self.alphabet = notation
        self._notation = notation

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveNotes":
        """Make it from what `Alphabet.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(revive(metadata))

    def steps(self, row: Mapping[str, Any]) -> list[int]:
        """The symbols of `notes`: their signs as a text, or the keys of a step, or of several; [] is a rest.

        Lists do not say what is held, so they are for nets that do not tell it either.

        Raises:
            DataError: There are none, or some are no symbols.
        """
        given, notation = row.get("notes"), self._notation
        lists = isinstance(notation, Chords) and not notation.ties
        if isinstance(given, list) and lists:
            several = bool(given) and all(isinstance(one, list) for one in given)
            chords = chords_of(given if several else [given], "notes")
            symbols: list[int] = notation.ids(Tune.of_chords(chords)).tolist()
            return symbols
        if not isinstance(given, str) or not given.strip():
            got = "a row without notes" if given in (None, "") else f"notes is {given!r}"
            ties = " (a list does not say what is held)" * (isinstance(given, list) and not lists)
            raise DataError(got + ties, f'{{"notes": "{notation.example}"}}', "Write them in column notes.")
        found: list[int] = notation.ids(given).tolist()
        if UNKNOWN in found:
            wrong = notation.texts(given)[found.index(UNKNOWN)]
            raise DataError(f"{wrong!r} in notes", f"signs such as {notation.example!r}", "Correct it.")
        return found

    def text_of(self, path: Path) -> str:
        """See `LiveSymbols.text_of`."""
        return self._notation.content(self._notation.ids(self._tune(path)))

    def guide(self, asked: Config, prompt: str) -> Guide:
        """See `LiveSymbols.guide`: what the grammar of the notation allows, and what was asked."""
        wanted, notation = cast("NotesMade", asked), self._notation
        melody = self._given(wanted.harmonise)
        classes = None
        if wanted.key == "kept":
            theme = melody or (notation.tune(notation.ids(prompt)) if prompt.strip() else None)
            if theme is None or not len(theme):
                raise ConfigError(
                    "key=kept without a prompt", "one whose key is to be kept", "Give a prompt."
                )
            classes = scale_of(key_of(theme)) | set(np.flatnonzero(durations_of(theme)).tolist())
        elif wanted.key:
            classes = scale_of(key_named(wanted.key))
        if melody is None:
            return within(notation, classes)
        if not isinstance(notation, Chords):
            raise ConfigError(
                f"harmonise with a run of form={notation.form}", "one of form=chords", "Train another one."
            )
        if prompt.strip():
            raise ConfigError("harmonise and a prompt", "one of them", "Leave the other out.")
        return below(notation, melody, classes)

    def check_product(self, suffix: str) -> None:
        """See `LiveSymbols.check_product`."""
        if suffix in MIDI:
            midi_library()
        elif suffix != ".wav":
            sound_library("soundfile")

    def file_of(self, text: str, suffix: str, asked: Config) -> bytes:
        """See `LiveSymbols.file_of`."""
        wanted, notation = cast("NotesMade", asked), self._notation
        tune = notation.tune(notation.ids(text))
        tempo = self._tempo(wanted) if wanted.tempo == "auto" else wanted.tempo
        if suffix in MIDI:
            return write_midi(tune, notation.resolution, tempo)
        made = pieces(tune, notation.resolution, tempo)
        return wav_of_pieces(made, RATE) if suffix == ".wav" else file_of_pieces(made, RATE, suffix)

    def _tempo(self, wanted: NotesMade) -> float:
        for given in (wanted.harmonise, wanted.prompt):
            path = self.file_named(given)
            if path is not None and path.suffix.lower() in MIDI:
                return self._tune(path).tempo or self._notation.tempo
        return self._notation.tempo

    def _given(self, text: str) -> Tune | None:
        """The tune that a text names or is; None of none."""
        if not text.strip():
            return None
        path, notation = self.file_named(text), self._notation
        if path is not None:
            return self._tune(path)
        numbers = self.steps({"notes": text})
        return notation.tune(numbers)

    def _tune(self, path: Path) -> Tune:
        """The only tune of a file.

        Raises:
            DataError: It cannot be read, or holds several.
        """
        if not permitted(path).is_file():
            raise DataError(f"{path} does not exist", "a file of notes", "Check the path.")
        config = NotesConfig(resolution=self._notation.resolution, drums=self._notation.drums)
        tunes = tunes_of_file(path, config, [])
        if len(tunes) != 1:
            raise DataError(f"{path} holds {counted(len(tunes), 'tune')}", "one", "Take one out of it.")
        return tunes[0]

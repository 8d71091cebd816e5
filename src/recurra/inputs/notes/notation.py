"""Tunes as symbols with names that people read; nothing here needs torch."""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.errors import DataError
from recurra.inputs.notes.tune import KEYS, LOWEST, USUAL_TEMPO, Tune, name_of
from recurra.inputs.symbol import RESERVED, UNKNOWN, Alphabet, Ids, Numbers, Writer

_FLAT = re.compile(r"\b([A-G])b(?=\d)")
_SHARPS = {"A": "G#", "B": "A#", "C": "B", "D": "C#", "E": "D#", "F": "E", "G": "F#"}
KEY_NAMES = tuple(map(name_of, range(LOWEST, LOWEST + KEYS)))


class _Named(Writer):
    """The names of symbols with a space between."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._begins = names, True

    def put(self, number: int) -> str:
        """See `Writer.put`."""
        space, self._begins = "" if self._begins else " ", False
        return space + self._names[number - RESERVED]


class Notation(Alphabet):
    """Symbols for all that may stand in a tune, whether training met it or not; their names are words.

    Attributes:
        form: As in `form=chords`.
        example: A few symbols as a text.

    Args:
        names: Of the symbols, as they are written.
        resolution: Steps of a beat.
        tempo: Beats a minute of most tunes to train on.
        drums: Whether the notes of drums in files are read as keys.
    """

    unit = "sign"
    separator = " "
    remedy = "Write keys as C4 or F#3, from A0 to C8, and other signs as `recurra generate RUN` does."
    usual_order = 8
    metrics = ("nats_per_step", "nats_per_note", "perplexity")
    form: str
    example: str

    def __init__(self, names: Sequence[str], resolution: int, tempo: float | None, *, drums: bool) -> None:
        self.names, self.resolution, self.tempo = tuple(names), resolution, tempo or USUAL_TEMPO
        self.drums = drums
        self._numbers = {name: number for number, name in enumerate(self.names, start=RESERVED)}

    @abstractmethod
    def written(self, tune: Tune) -> Ids:
        """A tune as symbols."""

    @abstractmethod
    def tune(self, numbers: Numbers) -> Tune:
        """The tune that symbols write down, as far as they make one; reserved ones are passed over."""

    @abstractmethod
    def passed(self, numbers: Numbers) -> int:
        """How many steps have passed after symbols, whatever still sounds."""

    @abstractmethod
    def key_of(self, number: int) -> int | None:
        """The key, as MIDI counts, that a symbol is of; None of one that is no key."""

    def ids(self, content: Any) -> Ids:
        """See `Alphabet.ids`; the content is a tune, or a text of the names of symbols."""
        if isinstance(content, Tune):
            return self.written(content)
        return np.array([self._numbers.get(name, UNKNOWN) for name in self.texts(content)], np.int32)

    def texts(self, content: Any) -> list[str]:
        """See `Alphabet.texts`. Flats (Bb3) become sharps (A#3)."""
        if isinstance(content, Tune):
            return self.symbols(self.written(content))
        if not isinstance(content, str):
            raise DataError(
                f"notes of type {type(content).__name__}",
                f"a tune, or its signs as a text, such as {self.example!r}",
                "Convert them.",
            )
        return [_sharpened(word) for word in content.split()]

    def __len__(self) -> int:
        return RESERVED + len(self.names)

    def writer(self, own: Sequence[str] = ()) -> Writer:
        """See `Alphabet.writer`."""
        return _Named([*self.names, *own])

    def to_dict(self) -> dict[str, Any]:
        """See `Alphabet.to_dict`."""
        about: Mapping[str, Any] = {
            "form": self.form,
            "resolution": self.resolution,
            "tempo": self.tempo,
            "drums": self.drums,
        }
        return {"unit": self.unit, **about}


def _sharpened(word: str) -> str:
    """The name of a symbol without a flat; the octave of a C that is lowered is that below."""
    found = _FLAT.search(word)
    if found is None:
        return word
    name, octave = found[1], word[found.end() :]
    if name == "C" and octave.isdecimal():
        octave = str(int(octave) - 1)
    return word[: found.start()] + _SHARPS[name] + octave

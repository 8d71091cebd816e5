"""A tune: notes on a grid of time steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int64

LOWEST, HIGHEST = 21, 108
"""The keys of a piano, A0 and C8, as MIDI counts them: 60 is the C in the middle, C4."""
KEYS = HIGHEST - LOWEST + 1
USUAL_TEMPO = 100.0
_LOUDNESS = 80
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

Column = Int64[np.ndarray, " notes"]


@dataclass(frozen=True, eq=False)
class Tune:
    """Notes in the order of their beginnings, of those that begin together the highest first.

    Attributes:
        onsets: (notes,) the step at which each begins.
        durations: (notes,) how many steps each sounds, 1 or more; of one key no two at a time.
        keys: (notes,) which, from 21 to 108.
        loudness: (notes,) how loud each is struck, 1 to 127.
        steps: How many the tune has.
        tells_held: Whether its source tells a key that is held from one that is struck again. Where it does
            not, all notes last a step.
        tempo: Beats a minute, where the source tells it.
    """

    onsets: Column
    durations: Column
    keys: Column
    loudness: Column
    steps: int
    tells_held: bool = True
    tempo: float | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of_notes(
        cls,
        onsets: Sequence[int] | Column,
        durations: Sequence[int] | Column,
        keys: Sequence[int] | Column,
        loudness: Sequence[int] | Column | None = None,
        *,
        tells_held: bool = True,
        steps: int = 0,
        tempo: float | None = None,
    ) -> "Tune":
        """A tune of notes in any order; one ends where its key is struck again.

        Of notes of a key that begin together the longest is kept.

        Args:
            onsets: As of the tune, and so are the others.
            durations: See there.
            keys: See there.
            loudness: See there; 80 if left out.
            tells_held: See there.
            steps: How many there are at least.
            tempo: See there.
        """
        begin, long, key = (np.asarray(one, np.int64) for one in (onsets, durations, keys))
        loud = np.full(len(key), _LOUDNESS) if loudness is None else np.asarray(loudness, np.int64)
        order = np.lexsort((-long, begin, key))
        begin, long, key, loud = begin[order], long[order], key[order], loud[order]
        anew = np.ones(len(key), bool)
        anew[1:] = (np.diff(key) != 0) | (np.diff(begin) != 0)
        begin, long, key, loud = begin[anew], long[anew], key[anew], loud[anew]
        if len(key) > 1:
            room = np.where(np.diff(key) == 0, np.diff(begin), long[:-1])
            long[:-1] = np.minimum(long[:-1], room)
        order = np.lexsort((-key, begin))
        ended = int((begin + long).max(initial=0))
        return cls(begin[order], long[order], key[order], loud[order], max(steps, ended), tells_held, tempo)

    @classmethod
    def of_chords(cls, chords: Iterable[Iterable[int]], tempo: float | None = None) -> "Tune":
        """A tune of the keys that sound in each step, which do not say what is held."""
        steps = [sorted(set(own), reverse=True) for own in chords]
        keys = [key for own in steps for key in own]
        onsets = np.repeat(np.arange(len(steps)), [len(own) for own in steps])
        ones = np.ones(len(keys), np.int64)
        return cls.of_notes(onsets, ones, keys, tells_held=False, steps=len(steps), tempo=tempo)

    def joined(self) -> "Tune":
        """Keys that sound in steps one after another as notes that are held, where it does not tell."""
        if self.tells_held:
            return self
        order = np.lexsort((self.onsets, self.keys))
        onsets, keys = self.onsets[order], self.keys[order]
        begins = np.ones(len(keys), bool)
        begins[1:] = (np.diff(keys) != 0) | (np.diff(onsets) != 1)
        durations = np.diff(np.flatnonzero(begins), append=len(keys))
        return Tune.of_notes(
            onsets[begins], durations, keys[begins], self.loudness[order][begins],
            steps=self.steps, tempo=self.tempo,
        )  # fmt: skip

    def sounding(self) -> tuple[Column, Column, Bool[np.ndarray, " sounds"]]:
        """Every key in every step that it sounds: steps, keys, and whether it is struck there.

        They are in the order of steps, the highest key first.
        """
        steps = np.repeat(self.onsets, self.durations)
        ends = np.cumsum(self.durations)
        steps = steps + np.arange(len(steps)) - np.repeat(ends - self.durations, self.durations)
        keys = np.repeat(self.keys, self.durations)
        struck = steps == np.repeat(self.onsets, self.durations)
        order = np.lexsort((-keys, steps))
        return steps[order], keys[order], struck[order]

    def halved(self, at: int) -> tuple["Tune", "Tune"]:
        """The steps before one, and those from it on; a note that goes over it is struck again there."""
        first = self.onsets < at
        late = self.onsets + self.durations > at
        before = replace(
            self,
            onsets=self.onsets[first],
            durations=np.minimum(self.durations[first], at - self.onsets[first]),
            keys=self.keys[first],
            loudness=self.loudness[first],
            steps=min(at, self.steps),
        )
        begins = np.maximum(self.onsets[late], at)
        after = Tune.of_notes(
            begins - at,
            self.durations[late] - (begins - self.onsets[late]),
            self.keys[late],
            self.loudness[late],
            tells_held=self.tells_held,
            steps=max(self.steps - at, 0),
            tempo=self.tempo,
        )
        return before, after

    def transposed(self, semitones: int) -> "Tune | None":
        """The tune in another key; None where that leaves the piano."""
        keys = self.keys + semitones
        if len(keys) and not (keys.min() >= LOWEST and keys.max() <= HIGHEST):
            return None
        return replace(self, keys=keys)


def name_of(key: int) -> str:
    """What a key is called, with a sharp where it is black: "C4", "A#3"."""
    return f"{_NAMES[key % 12]}{key // 12 - 1}"


def pitch_class_name(number: int) -> str:
    """What a pitch class is called: "C" of 0, "B" of 11."""
    return _NAMES[number]

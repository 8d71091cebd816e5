"""What may be made of notes: what their grammar allows, those of a scale, those below a melody."""

from collections.abc import Collection, Sequence

from recurra.inputs.live import Guide
from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.notation import Notation
from recurra.inputs.notes.tune import Tune
from recurra.inputs.symbol import END


class _Within:
    """What the grammar allows, of keys only those of some pitch classes."""

    def __init__(self, notation: Notation, classes: Collection[int] | None) -> None:
        self._notation, self._classes = notation, classes

    def __call__(self, before: Sequence[int]) -> Sequence[int] | None:
        found = self._notation.following(before)
        if found is None or self._classes is None:
            return found
        keys = ((int(one), self._notation.key_of(int(one))) for one in found)
        return [one for one, key in keys if key is None or key % 12 in self._classes]


class _Below:
    """Each step begins with the key of a melody, and goes on as something else allows."""

    def __init__(self, notation: Chords, melody: Sequence[int | None], rest: _Within) -> None:
        self._bar, self._melody, self._rest = notation.bar, melody, rest
        self._seen, self._step = 1, 0

    def __call__(self, before: Sequence[int]) -> Sequence[int] | None:
        self._step += sum(one == self._bar for one in before[self._seen :])
        begins = len(before) == 1 or before[-1] == self._bar
        self._seen = len(before)
        if self._step == len(self._melody):
            return []
        key = self._melody[self._step]
        if begins and key is not None:
            return [key]
        return [one for one in self._rest(before) or () if one != END]


def within(notation: Notation, classes: Collection[int] | None) -> Guide:
    """All that makes a tune, of keys only those of some pitch classes; None for all."""
    return Guide(_Within(notation, classes))


def below(notation: Chords, melody: Tune, classes: Collection[int] | None) -> Guide:
    """Other voices to one that is given, which is the highest key of each step of a tune.

    Steps in which it rests may hold anything.
    """
    return Guide(_Below(notation, _highest(notation, melody), _Within(notation, classes)), ends=True)


def _highest(notation: Chords, tune: Tune) -> list[int | None]:
    """The symbol of the highest key of each step, which is held only where it was the highest before."""
    found: list[int | None] = [None] * tune.steps
    keys: list[int | None] = [None] * tune.steps
    for step, key, struck in zip(*(one.tolist() for one in tune.joined().sounding()), strict=True):
        if keys[step] is None:
            keys[step] = key
            held = notation.ties and not struck and step > 0 and keys[step - 1] == key
            found[step] = notation.number_of(key, held=held)
    return found

"""Tunes as chords: the keys that sound in each step, from high to low, and a symbol that ends the step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.inputs.notes.notation import KEY_NAMES, Notation
from recurra.inputs.notes.tune import KEYS, LOWEST, Tune
from recurra.inputs.symbol import END, RESERVED, Ids, Numbers

BAR = "|"
HELD = "~"
_BAR = RESERVED
_STRUCK = RESERVED + 1  # the number of the lowest key
_HELD = _STRUCK + KEYS


class Chords(Notation):
    """Steps of chords: "C5 G4 E4 C3 | C5 ~G4 F4 | |" are three, the last a rest.

    The probability of a step is the product of those of its symbols, so what they cost adds up to that of
    the chord.

    Args:
        ties: Whether a key that is held has a symbol of its own ("~G4").
        resolution: Steps of a beat.
        tempo: Beats a minute of most tunes to train on.
        drums: Whether the notes of drums in files are read as keys.
    """

    form = "chords"
    example = "C5 G4 E4 C3 |"

    def __init__(
        self, *, ties: bool, resolution: int = 4, tempo: float | None = None, drums: bool = False
    ) -> None:
        held = [HELD + name for name in KEY_NAMES] if ties else []
        super().__init__([BAR, *KEY_NAMES, *held], resolution, tempo, drums=drums)
        self.ties = ties

    def written(self, tune: Tune) -> Ids:
        """See `Notation.written`."""
        steps, keys, struck = (tune.joined() if self.ties else tune).sounding()
        numbers = keys - LOWEST + np.where(struck | (not self.ties), _STRUCK, _HELD)
        places = np.concatenate([steps, np.arange(tune.steps)])
        every = np.concatenate([numbers, np.full(tune.steps, _BAR)])
        found: Ids = every[np.argsort(places, kind="stable")].astype(np.int32)
        return found

    def tune(self, numbers: Numbers) -> Tune:
        """See `Notation.tune`; a key that is held where it did not sound is struck."""
        steps, step = [list[tuple[int, bool]]()], 0
        for number in numbers:
            if number == _BAR:
                steps.append([])
                step += 1
            elif number > _BAR:
                held, key = divmod(int(number) - _STRUCK, KEYS)
                steps[step].append((LOWEST + key, bool(held)))
        if not steps[-1]:
            steps.pop()
        if not self.ties:
            return Tune.of_chords(([key for key, _ in own] for own in steps), self.tempo)
        notes = list[list[int]]()  # onset, duration and key of each
        last = dict[int, list[int]]()  # by key, those that sound in the step before
        for place, own in enumerate(steps):
            sounding = dict[int, list[int]]()
            for key, held in own:
                if held and key in last:
                    last[key][1] += 1
                    sounding[key] = last[key]
                elif key not in sounding:
                    sounding[key] = [place, 1, key]
                    notes.append(sounding[key])
            last = sounding
        columns = np.array(notes, np.int64).reshape(-1, 3).T
        return Tune.of_notes(*columns, steps=len(steps), tempo=self.tempo)

    def following(self, before: Sequence[int]) -> Sequence[int]:
        """See `Alphabet.following`: in a step keys go down, and none is held that did not sound before."""
        last = before[-1] if len(before) else END
        highest = KEYS if last <= _BAR else (last - _STRUCK) % KEYS
        found = [_BAR, *range(_STRUCK, _STRUCK + highest)]
        if last == _BAR:
            found.append(END)
        if self.ties:
            found += [_HELD + key for key in _step_before(before) if key < highest]
        return found

    def passed(self, numbers: Numbers) -> int:
        """See `Notation.passed`."""
        return sum(one == _BAR for one in map(int, numbers))

    def to_dict(self) -> dict[str, Any]:
        """See `Alphabet.to_dict`."""
        return {**super().to_dict(), "ties": self.ties}

    @property
    def bar(self) -> int:
        """The number of the symbol that ends a step."""
        return _BAR

    def key_of(self, number: int) -> int | None:
        """See `Notation.key_of`."""
        return None if number <= _BAR else LOWEST + (number - _STRUCK) % KEYS

    def number_of(self, key: int, *, held: bool) -> int:
        """The number of the symbol that strikes or holds a key, as MIDI counts it."""
        return (_HELD if held else _STRUCK) + key - LOWEST


def _step_before(before: Sequence[int]) -> list[int]:
    """The keys, counted from the lowest, of the last step that is complete."""
    place = len(before) - 1
    while place >= 0 and before[place] > _BAR:
        place -= 1
    found = []
    if place >= 0 and before[place] == _BAR:
        place -= 1
        while place >= 0 and before[place] > _BAR:
            found.append((before[place] - _STRUCK) % KEYS)
            place -= 1
    return found

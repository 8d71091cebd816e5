"""Tunes as events: every note as the time since the one before, its key, its duration and how loud it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.inputs.notes.notation import KEY_NAMES, Notation
from recurra.inputs.notes.tune import KEYS, LOWEST, Tune
from recurra.inputs.symbol import END, RESERVED, Ids, Numbers

_MOST_SHIFT = 32  # steps; longer times are several
_SHORT, _LONG = 4, (5, 6, 7, 8, 10, 12, 16)  # beats, up to which every duration is written, and longer ones
_DEGREES = 8
_STRUCK = RESERVED
_SHIFT = _STRUCK + KEYS  # the number of a time of one step
_DURATION = _SHIFT + _MOST_SHIFT


class Events(Notation):
    """Notes one after another: "C4 *4 +4 E4 *2 C3 *8" are three, of which two begin together.

    "+4" are four steps since the last note began, "*4" is how long one sounds, "v5" how loud. Durations over
    4 beats are the nearest of 5, 6, 7, 8, 10, 12 and 16 beats.

    Args:
        loudness: Whether each note tells how loud it is.
        resolution: Steps of a beat.
        tempo: Beats a minute of most tunes to train on.
        drums: Whether the notes of drums in files are read as keys.
    """

    form = "events"
    example = "C4 *4 +4 E4 *2"

    def __init__(
        self, *, loudness: bool, resolution: int = 4, tempo: float | None = None, drums: bool = False
    ) -> None:
        shifts = [f"+{steps}" for steps in range(1, _MOST_SHIFT + 1)]
        self._durations = (*range(1, _SHORT * resolution + 1), *(beats * resolution for beats in _LONG))
        self._loud = _DURATION + len(self._durations)
        durations = [f"*{steps}" for steps in self._durations]
        degrees = [f"v{degree}" for degree in range(1, _DEGREES + 1)] if loudness else []
        super().__init__([*KEY_NAMES, *shifts, *durations, *degrees], resolution, tempo, drums=drums)
        self.loudness = loudness

    def written(self, tune: Tune) -> Ids:
        """See `Notation.written`."""
        own = tune.joined()
        shifts = np.diff(own.onsets, prepend=0)
        lengths = np.array(self._durations)
        durations = np.abs(own.durations[:, None] - lengths).argmin(axis=1) + _DURATION
        degrees = own.loudness * _DEGREES // 128 + self._loud
        found = list[int]()
        for shift, key, duration, degree in zip(
            shifts.tolist(), own.keys.tolist(), durations.tolist(), degrees.tolist(), strict=True
        ):
            whole, rest = divmod(shift, _MOST_SHIFT)
            found += [_SHIFT + _MOST_SHIFT - 1] * whole + [_SHIFT + rest - 1] * bool(rest)
            found += [_STRUCK + key - LOWEST, duration] + [degree] * self.loudness
        return np.array(found, np.int32)

    def tune(self, numbers: Numbers) -> Tune:
        """See `Notation.tune`; a key without a duration sounds one step."""
        notes, step = list[list[int]](), 0
        for number in map(int, numbers):
            if number >= self._loud and notes:
                notes[-1][3] = (2 * (number - self._loud) + 1) * 128 // (2 * _DEGREES)
            elif _DURATION <= number < self._loud and notes:
                notes[-1][1] = self._durations[number - _DURATION]
            elif _SHIFT <= number < _DURATION:
                step += number - _SHIFT + 1
            elif _STRUCK <= number < _SHIFT:
                notes.append([step, 1, LOWEST + number - _STRUCK, 80])
        columns = np.array(notes, np.int64).reshape(-1, 4).T
        return Tune.of_notes(*columns, tempo=self.tempo)

    def following(self, before: Sequence[int]) -> Sequence[int]:
        """See `Alphabet.following`: a key has a duration, and then how loud it is; keys go down."""
        last = before[-1] if len(before) else END
        if _STRUCK <= last < _SHIFT:
            return range(_DURATION, self._loud)
        if _DURATION <= last < self._loud and self.loudness:
            return range(self._loud, self._loud + _DEGREES)
        if last in (_DURATION - 1, END):
            return range(_STRUCK, _DURATION)
        if last < _DURATION:
            return range(_STRUCK, _SHIFT)
        keys = (one for one in reversed(before[-3:]) if _STRUCK <= one < _SHIFT)
        return [END, *range(_STRUCK, next(keys, _STRUCK)), *range(_SHIFT, _DURATION)]

    def passed(self, numbers: Numbers) -> int:
        """See `Notation.passed`."""
        return sum(int(one) - _SHIFT + 1 for one in numbers if _SHIFT <= one < _DURATION)

    def to_dict(self) -> dict[str, Any]:
        """See `Alphabet.to_dict`."""
        return {**super().to_dict(), "loudness": self.loudness}

    def key_of(self, number: int) -> int | None:
        """See `Notation.key_of`."""
        return LOWEST + number - _STRUCK if _STRUCK <= number < _SHIFT else None

"""Tunes as events: every note as the time since the one before, its key, its duration and how loud it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.inputs.notes.notation import KEY_NAMES, Notation
from recurra.inputs.notes.tune import KEYS, LOWEST, Tune
from recurra.inputs.symbol import END, RESERVED, Ids, Numbers

_MOST_SHIFT = 32  # steps; longer times are several
_DURATIONS = (*range(1, 17), 20, 24, 28, 32, 40, 48, 64)
_DEGREES = 8
_STRUCK = RESERVED
_SHIFT = _STRUCK + KEYS  # the number of a time of one step
_DURATION = _SHIFT + _MOST_SHIFT
_LOUD = _DURATION + len(_DURATIONS)


class Events(Notation):
    """Notes one after another: "C4 *4 +4 E4 *2 C3 *8" are three, of which two begin together.

    "+4" are four steps since the last note began, "*4" is how long one sounds, "v5" how loud. Durations over
    16 steps are the nearest of 20, 24, 28, 32, 40, 48 and 64.

    Args:
        loudness: Whether each note tells how loud it is.
        resolution: Steps of a beat.
        tempo: Beats a minute of most tunes to train on.
    """

    form = "events"
    example = "C4 *4 +4 E4 *2"

    def __init__(self, *, loudness: bool, resolution: int = 4, tempo: float | None = None) -> None:
        shifts = [f"+{steps}" for steps in range(1, _MOST_SHIFT + 1)]
        durations = [f"*{steps}" for steps in _DURATIONS]
        degrees = [f"v{degree}" for degree in range(1, _DEGREES + 1)] if loudness else []
        super().__init__([*KEY_NAMES, *shifts, *durations, *degrees], resolution, tempo)
        self.loudness = loudness

    def written(self, tune: Tune) -> Ids:
        """See `Notation.written`."""
        own = tune.joined()
        shifts = np.diff(own.onsets, prepend=0)
        lengths = np.array(_DURATIONS)
        durations = np.abs(own.durations[:, None] - lengths).argmin(axis=1) + _DURATION
        degrees = own.loudness * _DEGREES // 128 + _LOUD
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
            if number >= _LOUD and notes:
                notes[-1][3] = (2 * (number - _LOUD) + 1) * 128 // (2 * _DEGREES)
            elif _DURATION <= number < _LOUD and notes:
                notes[-1][1] = _DURATIONS[number - _DURATION]
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
            return range(_DURATION, _LOUD)
        if _DURATION <= last < _LOUD and self.loudness:
            return range(_LOUD, _LOUD + _DEGREES)
        if last in (_DURATION - 1, END):
            return range(_STRUCK, _DURATION)
        if last < _DURATION:
            return range(_STRUCK, _SHIFT)
        key = before[-3 if self.loudness else -2]
        return [END, *range(_STRUCK, key), *range(_SHIFT, _DURATION)]

    def to_dict(self) -> dict[str, Any]:
        """See `Alphabet.to_dict`."""
        return {**super().to_dict(), "loudness": self.loudness}

    def key_of(self, number: int) -> int | None:
        """See `Notation.key_of`."""
        return LOWEST + number - _STRUCK if _STRUCK <= number < _SHIFT else None

"""Chorales made by the rules of four-part harmony: what "sample:tunes" is made of."""

from itertools import product

import numpy as np
import polars as pl
from jaxtyping import Float64, Int64

_FOLLOWS = {1: (4, 5, 6, 2), 2: (5,), 3: (6, 4), 4: (5, 1, 2), 5: (1, 6), 6: (2, 4, 3)}  # degrees
_CADENCES = ((4, 5), (5, 1), (2, 5), (5, 1))  # of the four phrases
_WALKED = 4  # chords of a phrase before its cadence
_RANGES = ((60, 79), (55, 74), (48, 67), (40, 60))  # soprano, alto, tenor, bass
_WIDEST = 12  # semitones between two of the upper voices
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)
_PASSING = 0.5  # share of the thirds that are filled
_VARIETY = 6.0  # semitones of movement that luck is worth
_NAMES = ("C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def chorale_rows(count: int) -> pl.DataFrame:
    """`tune`, what it is called, and `notes`: the keys of each step, two steps to a beat, high to low."""
    random = np.random.Generator(np.random.Philox(key=88))
    rows = []
    for number in range(1, count + 1):
        tonic, minor = int(random.integers(-5, 7)), bool(random.random() < 0.4)
        steps = [[key + tonic for key in step] for step in _chorale(random, minor=minor)]
        name = f"{_NAMES[tonic % 12]} {'minor' if minor else 'major'}, {number}"
        rows.append({"tune": name, "notes": [sorted(set(step), reverse=True) for step in steps]})
    return pl.DataFrame(rows)


def _chorale(random: np.random.Generator, *, minor: bool) -> list[list[int]]:
    """Four phrases around C: each chord lasts two steps, in the second of which a voice may pass on."""
    scale = _MINOR if minor else _MAJOR
    voices = list[np.ndarray]()
    for degree in _progression(random):
        chords = _voicings(scale, degree)
        costs = _costs(chords, voices[-1] if voices else None, scale)
        voices.append(chords[int((costs + random.uniform(0, _VARIETY, len(costs))).argmin())])
    steps = []
    for own, after in zip(voices, [*voices[1:], voices[-1]], strict=True):
        passed = own.copy()
        for voice in range(4):
            between = [
                key
                for key in range(min(own[voice], after[voice]) + 1, max(own[voice], after[voice]))
                if key % 12 in scale
            ]
            if len(between) == 1 and random.random() < _PASSING:
                passed[voice] = between[0]
        steps += [own.tolist(), passed.tolist()]
    return steps


def _progression(random: np.random.Generator) -> list[int]:
    found = [1]
    for number, cadence in enumerate(_CADENCES):
        while len(found) < (number + 1) * (_WALKED + 2) - 2:
            found.append(int(random.choice(_FOLLOWS[found[-1]])))
        found += cadence
    return found


def _voicings(scale: tuple[int, ...], degree: int) -> Int64[np.ndarray, "voicings 4"]:
    """Every way to sing a chord that has all its notes, in ranges that keep the voices in order."""
    root, third, fifth = (scale[(degree - 1 + step) % 7] for step in (0, 2, 4))
    keys = [
        [key for key in range(low, high + 1) if key % 12 in (root, third, fifth)] for low, high in _RANGES
    ]
    found = [
        own
        for own in product(*keys)
        if own[0] > own[1] > own[2] > own[3]
        and max(own[0] - own[1], own[1] - own[2]) <= _WIDEST
        and {key % 12 for key in own} == {root, third, fifth}
        and own[3] % 12 != fifth
    ]
    return np.array(found, np.int64)


def _costs(
    chords: Int64[np.ndarray, "voicings 4"],
    before: Int64[np.ndarray, " 4"] | None,
    scale: tuple[int, ...],
) -> Float64[np.ndarray, " voicings"]:
    """What speaks against each: large steps, voices in parallel fifths or octaves, a doubled leading note."""
    leading = (chords % 12 == scale[6]).sum(axis=1)
    costs = 8.0 * (leading > 1)
    if before is None:
        return np.asarray(costs)
    moved = chords - before
    costs += np.abs(moved).sum(axis=1) + 2.0 * (np.abs(moved[:, 0]) > 4)
    for high, low in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        distance = (chords[:, high] - chords[:, low]) % 12
        parallel = (distance == (before[high] - before[low]) % 12) & np.isin(distance, (0, 7))
        costs += 20.0 * (parallel & (moved[:, high] != 0))
    return np.asarray(costs)

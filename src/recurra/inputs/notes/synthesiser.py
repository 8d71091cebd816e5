"""A tune as sound: every key as a few harmonics that fade, with numpy alone."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32

from recurra.inputs.notes.tune import Tune

RATE = 22_050
"""Samples a second."""
_HARMONICS = 7
_FALL = 1.3  # the n-th harmonic is weaker by n to the power of this
_FADE, _FADE_OF_HARMONIC = (
    1.2,
    0.5,
)  # how fast a key fades, of e each second, and how much faster its harmonics do
_ATTACK, _RELEASE, _REST = 0.006, 0.08, 0.4  # seconds
_PEAK = 0.8
_KEPT = 256  # struck keys that are kept while a tune is made
_PIECE = 10 * RATE  # samples that are made at once

Struck: TypeAlias = Callable[[float, float], np.ndarray]


def sound(tune: Tune, resolution: int, tempo: float) -> Float32[np.ndarray, " samples"]:
    """The samples of a tune, between -1 and 1, at 22,050 a second; those of `pieces`, all at once."""
    return np.concatenate(list(pieces(tune, resolution, tempo)))


def pieces(tune: Tune, resolution: int, tempo: float) -> Iterator[Float32[np.ndarray, " samples"]]:
    """The samples of a tune some seconds at a time, so that a long one does not fill memory.

    All is made twice, since the loudest sample says how loud the first ones may be.

    Args:
        tune: The notes.
        resolution: Steps of a beat.
        tempo: Beats a minute.
    """
    own, step = tune.joined(), 60.0 / (tempo * resolution)
    struck = lru_cache(_KEPT)(_struck)
    peak = max(float(np.abs(one).max(initial=0)) for one in _mixed(own, step, struck))
    for one in _mixed(own, step, struck):
        yield one * np.float32(_PEAK / peak) if peak else one


def _mixed(tune: Tune, step: float, struck: Struck) -> Iterator[Float32[np.ndarray, " samples"]]:
    """All keys together, as loud as they are; `step` in seconds."""
    count = round((tune.steps * step + _RELEASE + _REST) * RATE)
    order = np.argsort(tune.onsets, kind="stable")
    notes = (one[order].tolist() for one in (tune.onsets, tune.durations, tune.keys, tune.loudness))
    begin, held = 0, np.zeros(_PIECE, np.float32)
    for onset, duration, key, loudness in zip(*notes, strict=True):
        samples = struck(440.0 * 2 ** ((key - 69) / 12), duration * step)
        place = round(onset * step * RATE)
        while place >= begin + _PIECE:
            yield held[:_PIECE]
            begin, held = begin + _PIECE, _of_length(held[_PIECE:], _PIECE)
        place -= begin
        held = _of_length(held, place + len(samples))
        held[place : place + len(samples)] += np.float32((loudness / 127) ** 1.5) * samples
    held = _of_length(held, count - begin)[: count - begin]
    yield from np.split(held, range(_PIECE, len(held), _PIECE))


def _of_length(samples: np.ndarray, least: int) -> np.ndarray:
    """Samples, and silence after them where they are fewer than so many."""
    return samples if len(samples) >= least else np.pad(samples, (0, least - len(samples)))


def _struck(frequency: float, seconds: float) -> Float32[np.ndarray, " samples"]:
    """A key that is struck and held for some time."""
    time = np.arange(round((seconds + _RELEASE) * RATE)) / RATE
    heard = range(1, 1 + min(_HARMONICS, max(1, int(RATE / 2.2 / frequency))))
    wave = sum(
        np.sin(2 * np.pi * number * frequency * time)
        * np.exp(-(_FADE + _FADE_OF_HARMONIC * number) * time)
        / number**_FALL
        for number in heard
    )
    rising = np.minimum(time / _ATTACK, 1)
    falling = np.clip((seconds + _RELEASE - time) / _RELEASE, 0, 1)
    return np.asarray(wave * rising * falling, np.float32)

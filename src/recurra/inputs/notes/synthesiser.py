"""A tune as sound: every key as a few harmonics that fade, with numpy alone."""

from functools import lru_cache

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


def sound(tune: Tune, resolution: int, tempo: float) -> Float32[np.ndarray, " samples"]:
    """The samples of a tune, between -1 and 1, at 22,050 a second.

    Args:
        tune: The notes.
        resolution: Steps of a beat.
        tempo: Beats a minute.
    """
    own, step = tune.joined(), 60.0 / (tempo * resolution)
    struck = lru_cache(_KEPT)(_struck)
    found = np.zeros(round((own.steps * step + _RELEASE + _REST) * RATE), np.float32)
    for onset, duration, key, loudness in zip(
        own.onsets.tolist(), own.durations.tolist(), own.keys.tolist(), own.loudness.tolist(), strict=True
    ):
        samples = struck(440.0 * 2 ** ((key - 69) / 12), duration * step)
        begin = round(onset * step * RATE)
        found[begin : begin + len(samples)] += np.float32((loudness / 127) ** 1.5) * samples
    peak = max(float(found.max(initial=0)), -float(found.min(initial=0)))
    if peak:
        found *= np.float32(_PEAK / peak)
    return found


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

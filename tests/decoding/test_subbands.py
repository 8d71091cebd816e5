"""Narrow bands of a waveform: nothing is lost, nothing is said twice, and each holds its own frequencies."""

import numpy as np
import pytest

from recurra.decoding.subbands import Subbands
from recurra.errors import ConfigError


@pytest.mark.parametrize("count", [2, 4, 7])
def test_what_is_taken_apart_comes_together(count: int) -> None:
    bands, samples = Subbands(count), np.random.default_rng(0).normal(size=3_001)
    apart = bands.apart(samples)
    assert apart.shape == (-(-3_001 // count), count)
    again = bands.together(apart)[:3_001]
    inside = slice(10 * count, -10 * count)
    assert np.square(again - samples)[inside].mean() < 2e-6


def test_a_band_holds_its_own_frequencies() -> None:
    bands = Subbands(4)
    for own in range(4):
        tone = np.sin(np.pi * (own + 0.5) / 4 * np.arange(2_000))
        power = np.square(bands.apart(tone)[20:-20]).sum(axis=0)
        assert power[own] / power.sum() > 0.999


def test_a_step_is_made_of_the_steps_around_it() -> None:
    bands = Subbands(3)
    alone = np.zeros((40, 3))
    alone[20, 1] = 1
    made = bands.together(alone).reshape(40, 3)
    touched = np.flatnonzero(np.abs(made).max(axis=1) > 0)
    assert touched.min() >= 20 - bands.ahead
    assert touched.max() <= 20 + bands.around - bands.ahead - 1
    np.testing.assert_allclose(bands.windows(alone)[3], alone[3 : 3 + bands.around].reshape(-1))


@pytest.mark.parametrize("size", [0, 1, 3, 16, 62, 63, 64, 200])
def test_short_sounds_are_as_if_silence_went_on(size: int) -> None:
    bands, samples = Subbands(4), np.random.default_rng(0).normal(size=size)
    apart = bands.apart(samples)
    assert apart.shape == (-(-size // 4), 4)
    np.testing.assert_allclose(apart, bands.apart(np.pad(samples, (0, 400)))[: len(apart)], atol=1e-12)


def test_one_band_is_none() -> None:
    with pytest.raises(ConfigError, match="1 bands; expected two at least"):
        Subbands(1)

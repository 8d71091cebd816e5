"""Narrow bands of a waveform: nothing is lost, nothing is said twice, and each holds its own frequencies."""

import numpy as np
import pytest

from recurra.decoding.subbands import Subbands


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

"""Distances of speech, held to sums that spell them."""

import numpy as np
import pytest

from recurra.metrics.speech import METRICS, cepstra, mel_cepstral_distortion, warped


def slowly_warped(distances: np.ndarray) -> float:
    rows, columns = distances.shape
    best = np.full((rows, columns), np.inf)
    for row in range(rows):
        for column in range(columns):
            before = [
                best[row - up, column - left]
                for up, left in ((1, 0), (0, 1), (1, 1))
                if row >= up and column >= left
            ]
            best[row, column] = distances[row, column] + min(before, default=0.0)
    return float(best[-1, -1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 1), (3, 7), (7, 5), (11, 11)])
def test_the_best_alignment(shape: tuple[int, int]) -> None:
    distances = np.random.default_rng(0).random(shape)
    assert warped(distances) == pytest.approx(slowly_warped(distances))


def test_it_is_the_root_mean_square_of_decibels() -> None:
    bands, frequency = 32, 3
    angles = np.pi / bands * (np.arange(bands) + 0.5)
    first = np.zeros((4, bands))
    second = first + 0.7 * np.cos(frequency * angles)  # of logarithms of amplitudes
    np.testing.assert_allclose(cepstra(second)[0, frequency - 1], 0.7)
    decibels = 20 / np.log(10) * second
    assert mel_cepstral_distortion(second, first) == pytest.approx(float(np.sqrt((decibels**2).mean())))


def test_loudness_does_not_count_and_tempo_does_not() -> None:
    frames = np.random.default_rng(1).normal(size=(9, 20))
    assert mel_cepstral_distortion(frames + 2.5, frames) == pytest.approx(0, abs=1e-6)
    assert mel_cepstral_distortion(frames.repeat(2, axis=0), frames) == pytest.approx(0, abs=1e-6)


def test_what_is_too_long_costs_for_each_frame_of_it() -> None:
    frames = np.random.default_rng(2).normal(size=(9, 20))
    noise = 10 * np.random.default_rng(3).normal(size=(30, 20))
    once, twice = (np.concatenate([frames, noise[:more]]) for more in (15, 30))
    first, second = mel_cepstral_distortion(once, frames), mel_cepstral_distortion(twice, frames)
    assert 1.8 * first < second < 2.2 * first


def test_fewer_bands_than_cepstra() -> None:
    assert cepstra(np.zeros((3, 5))).shape == (3, 4)


def test_every_metric_says_what_it_is() -> None:
    assert METRICS[0].name == "mcd"
    assert all(one.label and one.note for one in METRICS)

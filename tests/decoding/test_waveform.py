"""Spectra of waveforms, and waveforms of spectra."""

import numpy as np
import pytest
import soundfile

from recurra.data.sample import spoken_digits
from recurra.decoding.waveform import MelSpectrogram
from recurra.metrics.speech import mel_cepstral_distortion

MEL = MelSpectrogram(8_000, 40, 50.0, 12.5)


def spoken(seconds: float = 1.3) -> np.ndarray:
    samples, rate = soundfile.read(spoken_digits()[0], dtype="float32", frames=int(seconds * 8_000))
    assert rate == MEL.rate
    return samples


def tone(frequency: float, seconds: float = 0.5, loudness: float = 0.5) -> np.ndarray:
    return (loudness * np.sin(2 * np.pi * frequency * np.arange(int(seconds * 8_000)) / 8_000)).astype("f4")


@pytest.mark.parametrize(
    "mel", [MEL, MelSpectrogram(16_000, 80, 25.0, 10.0), MelSpectrogram(8_000, 120, 20.0, 5.0)]
)
def test_every_band_is_a_mean_of_frequencies_near_each_other(mel: MelSpectrogram) -> None:
    np.testing.assert_allclose(mel.bands.sum(axis=1), 1, rtol=1e-5)
    assert (mel.bands >= 0).all()
    middles = mel.bands @ np.arange(mel.bands.shape[1])
    assert (np.diff(middles) >= 0).all()


def test_a_tone_stands_in_its_band_as_loud_as_it_is() -> None:
    frames = MEL.frames(tone(1_000))
    inside = frames[3:-3]
    band = int(inside.mean(axis=0).argmax())
    places = np.linspace(0, 4_000, MEL.bands.shape[1])
    assert abs(MEL.bands[band] @ places - 1_000) < 100
    np.testing.assert_allclose(
        MEL.frames(tone(1_000, loudness=0.25))[3:-3, band], inside[:, band] - np.log(2), atol=1e-4
    )
    assert (inside[:, band] - np.delete(inside, range(band - 3, band + 4), axis=1).max() > np.log(100)).all()


def test_silence_is_the_softest_there_is_and_stays_silent() -> None:
    frames = MEL.frames(np.zeros(4_000, np.float32))
    assert len(frames) == MEL.count(4_000) == 41
    np.testing.assert_allclose(frames, np.log(1e-4), rtol=1e-6)
    assert np.abs(MEL.waveform(frames)).max() < 5e-3


def test_speech_that_is_made_of_its_frames_is_the_same_speech() -> None:
    samples = spoken()
    frames = MEL.frames(samples)
    again = MEL.waveform(frames)
    assert len(again) == (len(frames) - 1) * MEL.hop
    distortion = mel_cepstral_distortion(MEL.frames(again), frames)
    assert distortion < 1.5
    assert distortion < 0.3 * mel_cepstral_distortion(MEL.frames(samples[::-1].copy()), frames)
    assert mel_cepstral_distortion(MEL.frames(MEL.waveform(frames, 1)), frames) > 1.5 * distortion


def test_the_same_frames_give_the_same_waveform() -> None:
    frames = MEL.frames(spoken(0.4))
    assert np.array_equal(MEL.waveform(frames), MelSpectrogram(**MEL.to_dict()).waveform(frames))


def test_a_single_frame_is_no_sound() -> None:
    assert len(MEL.waveform(MEL.frames(np.zeros(3, np.float32)))) == 0

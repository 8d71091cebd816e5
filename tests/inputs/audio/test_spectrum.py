from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.data.sound import Samples
from recurra.inputs.audio.codec import AudioCodec
from recurra.inputs.audio.spectrum import Spectrum, SpectrumStream


def spectrum(**changes: Any) -> Spectrum:
    given: dict[str, Any] = {
        "rate": 8_000, "features": "log_mel", "num_mels": 20, "num_cepstra": 13, "window": 25.0,
        "shift": 10.0, "stack": 1,
    }  # fmt: skip
    return Spectrum(**{**given, **changes})


@given(
    features=st.sampled_from(["log_mel", "mfcc"]),
    rate=st.sampled_from([8_000, 11_025, 16_000, 44_100]),
    stack=st.integers(1, 3),
    count=st.integers(1, 9_000),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_pieces_of_any_size_give_the_bits_of_the_whole(
    features: str, rate: int, stack: int, count: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    samples = random.uniform(-1, 1, count).astype(np.float32)
    made = spectrum(features=features, stack=stack)
    whole = made.of(samples, rate)
    stream = SpectrumStream(made, rate)
    cuts = np.sort(random.integers(0, count + 1, 7))
    parts = [*(stream.push(part) for part in np.split(samples, cuts)), stream.end()]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.shape == (made.steps(count, rate), made.size)
    assert len(whole) >= 1


def test_a_tone_is_loud_in_its_band_alone() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(8_000) / 8_000).astype(np.float32)
    steps = spectrum(num_mels=40).of(tone, 8_000)
    mel = 1127 * np.log(1 + np.array([20.0, 1_000.0, 4_000.0]) / 700)
    expected = round((mel[1] - mel[0]) / (mel[2] - mel[0]) * 41) - 1
    assert {*steps.argmax(axis=1)} <= {expected - 1, expected, expected + 1}
    assert np.median(steps.max(axis=1) - np.median(steps, axis=1)) > 5


def test_the_rate_of_a_recording_hardly_matters() -> None:
    time = np.arange(44_100) / 44_100
    tone = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 1_800 * time)).astype(np.float32)
    slow = (0.3 * np.sin(2 * np.pi * 440 * time[:8_000] * 44_100 / 8_000)
            + 0.1 * np.sin(2 * np.pi * 1_800 * time[:8_000] * 44_100 / 8_000)).astype(np.float32)  # fmt: skip
    made = spectrum()
    loud = made.of(slow, 8_000)[5:-5]
    inner = loud > loud.max() - 6
    assert np.abs(made.of(tone, 44_100)[5:-5] - loud)[inner].max() < 0.05


def test_a_step_of_several_spectra_is_these_one_after_the_other() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 4_000).astype(np.float32)
    single, stacked = spectrum().of(samples, 8_000), spectrum(stack=3).of(samples, 8_000)
    assert len(stacked) == len(single) // 3
    np.testing.assert_array_equal(stacked.reshape(-1, 20), single[: 3 * len(stacked)])


def test_cepstra_are_a_linear_map_of_the_bands() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 4_000).astype(np.float32)
    bands, cepstra = spectrum().of(samples, 8_000), spectrum(features="mfcc").of(samples, 8_000)
    own = np.stack([spectrum(features="mfcc").of_bands(row.astype(np.float64)) for row in bands])
    np.testing.assert_allclose(own, cepstra, atol=2e-3)


@pytest.mark.parametrize("stack", [1, 2])
def test_a_codec_scales_every_spectrum_alike_and_comes_back_from_its_description(stack: int) -> None:
    made = spectrum(stack=stack, features="mfcc")
    codec = AudioCodec(made, tuple(np.arange(13.0)), tuple(np.arange(13.0) + 1))
    clip = Samples(np.random.default_rng(1).normal(0, 0.1, 3_000).astype(np.float32), 8_000)
    encoded = codec.encode(clip)
    raw = made.of(clip.values, 8_000).reshape(-1, 13)
    np.testing.assert_allclose(
        encoded.reshape(-1, 13), (raw - np.arange(13)) / (np.arange(13) + 1), rtol=1e-5
    )
    np.testing.assert_array_equal(AudioCodec.from_dict(codec.to_dict()).encode(clip), encoded)

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from recurra.config import validated
from recurra.data.sound import Clip, Samples, Sound, open_sound
from recurra.errors import ConfigError, DamagedError, DataError
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.encoding import AudioEncoding
from recurra.inputs.audio.live import LiveAudio
from recurra.inputs.audio.noise import NoiseSource
from recurra.inputs.audio.spectrum import Spectrum
from recurra.inputs.audio.summary import SpectrumSummary
from recurra.inputs.audio.warp import stretched

NONE = {
    "speed": 0,
    "tempo": 0,
    "gain": 0,
    "warp": 0,
    "tone": 0,
    "noise": None,
    "delay": 0,
    "time_mask": 0,
    "band_mask": 0,
}


@pytest.fixture
def sounds(tmp_path: Path) -> list[Clip]:
    random = np.random.default_rng(0)
    found: list[Clip] = []
    for number, count in enumerate((4_000, 2_500, 6_000)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, random.normal(0, 0.1, count), 8_000)
        found.append(open_sound(path))
    return found


def learnt(sounds: list[Clip], **settings: Any) -> AudioEncoding:
    return AudioEncoding.learn(sounds, validated(AudioConfig, {"sample_rate": 8_000, **settings}))


def test_the_training_part_has_mean_zero_and_deviation_one(sounds: list[Clip]) -> None:
    encoding = learnt(sounds)
    steps = np.concatenate([encoding.encode(one) for one in sounds])
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-4)


def test_lengths_are_known_without_reading(sounds: list[Clip], tmp_path: Path) -> None:
    encoding = learnt(sounds)
    lengths = [len(encoding.encode(one)) for one in sounds]
    (tmp_path / "0.wav").unlink()
    assert [encoding.length(one) for one in sounds] == lengths
    with pytest.raises(DataError, match="cannot be read as sound"):
        encoding.encode(sounds[0])


def test_an_encoding_comes_back_from_its_description(sounds: list[Clip]) -> None:
    encoding = learnt(sounds, features="mfcc", stack=2, speed=0.2)
    again = AudioEncoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    np.testing.assert_array_equal(again.encode(sounds[1]), encoding.encode(sounds[1]))
    assert again.variation == encoding.variation
    with pytest.raises(DamagedError, match="lacks a part"):
        AudioEncoding.from_dict({"spectrum": {}})
    for damaged in ({}, {"variation": {"speed": 1.0}}):
        with pytest.raises(DamagedError, match="lacks a part"):
            AudioEncoding.from_dict({**encoding.codec.to_dict(), **damaged})


def test_nothing_varies_unless_it_is_asked_for(sounds: list[Clip]) -> None:
    encoding, random = learnt(sounds, **NONE), np.random.default_rng(0)
    assert encoding.vary(sounds[0], random) is sounds[0]
    encoded = encoding.encode(sounds[0])
    assert encoding.augment(encoded, random) is encoded


def test_variations_depend_on_the_generator_alone(sounds: list[Clip]) -> None:
    encoding = learnt(sounds, speed=0.2, gain=6, noise=10, delay=0.1)
    heard = [encoding.vary(sounds[0], np.random.default_rng(seed)).samples() for seed in (1, 1, 2)]
    np.testing.assert_array_equal(heard[0], heard[1])
    assert len(heard[0]) != len(heard[2])


def test_speed_changes_the_length_and_gain_the_loudness(sounds: list[Clip]) -> None:
    before = sounds[0].samples()
    faster = learnt(sounds, **{**NONE, "speed": 0.3})
    counts = {faster.vary(sounds[0], np.random.default_rng(seed)).count for seed in range(20)}
    assert min(counts) >= 0.7 * len(before) - 1
    assert max(counts) <= len(before) / 0.7 + 1
    assert len(counts) > 10
    louder = learnt(sounds, **{**NONE, "gain": 20}).vary(sounds[0], np.random.default_rng(3)).samples()
    factor = louder[100] / before[100]
    assert 0.1 <= factor <= 10
    np.testing.assert_allclose(louder, factor * before, rtol=1e-4)


@pytest.mark.parametrize("stack", [1, 3])
def test_tempo_changes_the_length_of_all_and_of_parts(sounds: list[Clip], stack: int) -> None:
    encoding = learnt(sounds, **{**NONE, "tempo": 0.5}, stack=stack)
    size, numbers = encoding.codec.spectrum.size, encoding.codec.spectrum.numbers
    ramp = np.repeat(np.arange(60, dtype=np.float32), numbers).reshape(-1, size)
    counts, uneven = set(), []
    for seed in range(40):
        varied = encoding.augment(ramp, np.random.default_rng(seed)).reshape(-1, numbers)
        np.testing.assert_array_equal(varied[[0, -1]], [[0] * numbers, [59] * numbers])
        np.testing.assert_array_equal(varied, np.repeat(varied[:, :1], numbers, axis=1))
        steps = np.diff(varied[:, 0])
        assert (steps > 0).all()
        counts.add(len(varied))
        uneven.append(steps.max() / steps.min())
    assert {count % stack for count in counts} == {0}
    assert 60 / 1.5 - stack <= min(counts) < 50
    assert 75 < max(counts) <= 60 * 1.5 + stack
    assert 1.3 < max(uneven) <= 1.5**2 + 1e-3
    short = encoding.augment(ramp[:1], np.random.default_rng(0))
    assert short.shape == (1, size)


@pytest.mark.parametrize("folder", [False, True])
def test_noise_is_as_loud_as_it_is_asked_for(sounds: list[Clip], tmp_path: Path, folder: bool) -> None:
    if folder:
        (tmp_path / "noise").mkdir()
        soundfile.write(tmp_path / "noise" / "hum.wav", np.sin(np.arange(900) / 3), 16_000)
    own = {"noise_folder": str(tmp_path / "noise")} if folder else {}
    encoding = learnt(sounds, **{**NONE, "noise": 10.0, **own})
    before = sounds[0].samples()
    below = []
    for seed in range(20):
        added = encoding.vary(sounds[0], np.random.default_rng(seed)).samples() - before
        below.append(20 * np.log10(before.std() / added.std()))
    assert 9 <= min(below) < 25
    assert max(below) <= 51


def test_masks_hide_a_stretch_of_time_and_of_bands(sounds: list[Clip]) -> None:
    encoding = learnt(sounds, **{**NONE, "time_mask": 0.5, "band_mask": 0.5}, stack=2)
    encoded = encoding.encode(sounds[0])
    before = encoded.copy()
    varied = encoding.augment(encoded, np.random.default_rng(1))
    np.testing.assert_array_equal(encoded, before)
    hidden = (varied == 0).reshape(len(varied), 2, -1)
    assert hidden.all(axis=(1, 2)).any()
    assert hidden.all(axis=(0, 1)).any()
    assert not hidden.all()
    shown = ~hidden.reshape(varied.shape)
    np.testing.assert_array_equal(varied[shown], encoded[shown])


def test_another_tone_is_the_same_at_all_times_and_smooth_along_the_bands(sounds: list[Clip]) -> None:
    encoding = learnt(sounds, **{**NONE, "tone": 6.0})
    encoded = encoding.encode(sounds[0])
    added = (encoding.augment(encoded, np.random.default_rng(1)) - encoded) * encoding.codec.deviation
    np.testing.assert_allclose(added, np.broadcast_to(added[0], added.shape), atol=1e-4)
    decibels = added[0] * 10 / np.log(10)
    assert 1 < np.abs(decibels).max() <= 6.01
    assert np.abs(np.diff(decibels)).max() < 12 / 9


def test_a_tone_of_more_points_is_rougher(sounds: list[Clip]) -> None:
    rough = []
    for points in (3, 12, 40):
        encoding = learnt(sounds, **{**NONE, "tone": 6.0, "tone_points": points})
        encoded = encoding.encode(sounds[0])
        added = (encoding.augment(encoded, np.random.default_rng(1)) - encoded) * encoding.codec.deviation
        assert np.abs(added).max() <= 6.01 * np.log(10) / 10
        rough.append(np.abs(np.diff(added[0], n=2)).sum())
    assert rough[0] < rough[1] < rough[2]


def test_a_folder_of_noise_without_recordings(sounds: list[Clip], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="without recordings"):
        learnt(sounds, noise_folder=str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"features": "mfcc", "num_cepstra": 41}, "num_cepstra is 41; expected at most num_mels, 40"),
        ({"window": 9, "shift": 10}, "window is 9 and shift 10"),
        ({"sample_rate": 1_000}, "40 mel bands in 25 ms at 1000 samples a second"),
    ],
)
def test_settings_that_do_not_go_together(sounds: list[Clip], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learnt(sounds, **settings)


def test_only_a_piece_of_the_noise_is_read(
    sounds: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.concatenate([np.full(40_000, 0.25), np.full(40_000, -0.25)])
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "long.wav", noise, 8_000)
    read: list[int] = []
    samples = Sound.samples
    monkeypatch.setattr(Sound, "samples", lambda self: read.append(self.count) or samples(self))
    source = NoiseSource(str(tmp_path / "noise"))
    found = [source.of(500, 8_000, np.random.default_rng(seed)) for seed in range(20)]
    assert read == [500] * 20
    assert {float(one.mean().round()) for one in found} == {-1.0, 1.0}  # now of this part, now of that
    assert len(source.of(90_000, 8_000, np.random.default_rng(0))) == 90_000


@pytest.mark.parametrize("features", ["log_mel", "mfcc"])
def test_other_voices_move_the_frequencies(features: str) -> None:
    spectrum = Spectrum(8_000, features, 40, 13, 25.0, 10.0, 1)
    np.testing.assert_allclose(stretched(spectrum, 1.0), np.eye(spectrum.numbers), atol=1e-12)
    times = np.arange(8_000) / 8_000
    low, high = (
        spectrum.of(
            sum(np.sin(np.arange(1, 9) * 2 * np.pi * pitch * times[:, None]).T).astype(np.float32), 8_000
        )
        for pitch in (200, 230)
    )
    up, down = (stretched(spectrum, factor) for factor in (1.15, 1 / 1.15))
    near = np.abs(low.mean(axis=0) - high.mean(axis=0)).sum()
    assert np.abs(up @ low.mean(axis=0) - high.mean(axis=0)).sum() < 0.7 * near
    assert np.abs(down @ high.mean(axis=0) - low.mean(axis=0)).sum() < 0.7 * near


@pytest.mark.parametrize("stack", [1, 2])
def test_a_warp_is_that_of_the_spectrum_whatever_its_scale(sounds: list[Clip], stack: int) -> None:
    settings = {**NONE, "warp": 0.2, "stack": stack, "features": "mfcc"}
    encoding, plain = learnt(sounds, **settings), learnt(sounds, **settings, standardize=False)
    varied = encoding.augment(encoding.encode(sounds[0]), np.random.default_rng(2))
    expected = plain.augment(plain.encode(sounds[0]), np.random.default_rng(2))
    np.testing.assert_allclose(varied, encoding.codec.scaled(expected), atol=1e-4)
    assert np.abs(varied - encoding.encode(sounds[0])).max() > 0.1


def test_silence_and_a_clipped_recording_give_finite_steps(sounds: list[Clip]) -> None:
    encoding = learnt(sounds)
    for values in (np.zeros(3_000, np.float32), np.sign(sounds[0].samples())):
        assert np.isfinite(encoding.encode(Samples(values, 8_000))).all()
    still = learnt([Samples(np.zeros(3_000, np.float32), 8_000)])
    assert np.isfinite(still.encode(sounds[0])).all()


@pytest.mark.parametrize("stack", [1, 2])
def test_every_number_of_a_step_has_a_name_and_a_scale(sounds: list[Clip], stack: int) -> None:
    encoding = learnt(sounds, stack=stack, features="mfcc")
    features = encoding.features()
    assert len({one.name for one in features}) == encoding.codec.spectrum.size == 13 * stack
    assert features[0].name == ("cepstrum 1" if stack == 1 else "cepstrum 1 of spectrum 1")
    assert (features[-1].mean, features[-1].deviation) == (
        encoding.codec.mean[12],
        encoding.codec.deviation[12],
    )


def test_a_live_row_gives_the_steps_of_the_recording(sounds: list[Clip]) -> None:
    encoding = learnt(sounds)
    live = LiveAudio.from_dict(encoding.to_dict())
    steps = live.steps({"samples": sounds[0].samples().tolist()})
    np.testing.assert_array_equal(np.stack(steps), encoding.encode(sounds[0]))
    faster = live.steps({"samples": sounds[0].samples().tolist(), "rate": 16_000})
    assert len(faster) < len(steps)


@pytest.mark.parametrize(
    "row", [{}, {"samples": []}, {"samples": ["a"]}, {"samples": [float("nan")]}, {"samples": 3}]
)
def test_live_rows_without_sound(sounds: list[Clip], row: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        LiveAudio.from_dict(learnt(sounds).to_dict()).steps(row)


def test_a_summary_comes_back_from_its_description(sounds: list[Clip]) -> None:
    summary = SpectrumSummary.learn(sounds)
    numbers = summary.numbers(sounds)
    assert numbers.shape == (3, 61)
    again = SpectrumSummary.from_dict(json.loads(json.dumps(summary.to_dict())))
    np.testing.assert_array_equal(again.numbers(sounds), numbers)

"""A vocoder of tones, and what it does as frames come."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import call

from recurra import Speaker, Vocoder
from recurra.decoding.vocoding import Vocoding, Writer
from recurra.errors import ArtifactError, ConfigError, DamagedError
from recurra.streaming import Affine, Program
from recurra.tasks.vocode.live import LiveVocoder

RATE = 4_000
TONES = (300.0, 700.0, 1_300.0)


def recordings(folder: Path, count: int = 24, seed: int = 0) -> pl.DataFrame:
    random, rows = np.random.default_rng(seed), []
    folder.mkdir(exist_ok=True)
    for number in range(count):
        tone = TONES[number % len(TONES)]
        samples = 0.5 * np.sin(2 * np.pi * tone * np.arange(int(random.uniform(0.2, 0.3) * RATE)) / RATE)
        path = folder / f"{number}.wav"
        soundfile.write(path, samples + random.normal(0, 1e-3, len(samples)), RATE)
        rows.append({"path": str(path), "text": "abc"[number % len(TONES)]})
    return pl.DataFrame(rows)


def tiny(**settings: Any) -> Vocoder:
    own = {"num_mels": 16, "window": 25.0, "shift": 5.0, "hidden_size": 24, "batch_size": 4, "device": "cpu"}
    return Vocoder(**{**own, "max_epochs": 1, **settings})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return recordings(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="module")
def fitted(data: pl.DataFrame) -> Vocoder:
    return tiny(max_epochs=12, learning_rate=0.01).fit(data)


@pytest.fixture(scope="module")
def vocoding(fitted: Vocoder) -> Vocoding:
    return Vocoding(fitted.to_program())


@pytest.fixture(scope="module")
def frames(fitted: Vocoder, data: pl.DataFrame) -> np.ndarray:
    mel = fitted.fitted_.schema.encoding.mel
    return np.asarray(mel.frames(soundfile.read(data["path"][1], dtype="float32")[0]))


def test_tones_come_back(fitted: Vocoder, tmp_path: Path) -> None:
    others = recordings(tmp_path, 6, 5)
    told = fitted.predict(others, samples=True, temperature=0.5)
    assert told.columns == ["path", "text", "seconds", "rate", "samples"]
    for row, samples in enumerate(told["samples"]):
        power = np.abs(np.fft.rfft(samples.to_numpy()))
        assert abs(np.argmax(power) * RATE / len(samples) - TONES[row % len(TONES)]) < 20
    untrained = tiny(learning_rate=1e-9).fit(others)
    scores = [one.evaluate(others).to_frame().to_dicts()[0]["mcd"] for one in (fitted, untrained)]
    assert scores[0] < 0.7 * scores[1]


def test_frame_by_frame_it_is_the_same_to_the_bit(vocoding: Vocoding, frames: np.ndarray) -> None:
    whole = vocoding.waveform(frames, seed=3)
    assert len(whole) == (len(frames) - 1) * vocoding.hop
    for size in (1, 7):
        writer = Writer(vocoding, seed=3)
        parts = [writer.push(frames[begin : begin + size]) for begin in range(0, len(frames), size)]
        np.testing.assert_array_equal(np.concatenate([*parts, writer.end()]), whole)
    assert not np.array_equal(vocoding.waveform(frames, seed=4), whole)
    assert len(vocoding.waveform(frames[:0])) == len(vocoding.waveform(frames[:1])) == 0


def test_a_writer_goes_on_from_a_snapshot(vocoding: Vocoding, frames: np.ndarray) -> None:
    whole = vocoding.waveform(frames)
    for cut in (0, 1, 9):
        first, second = Writer(vocoding), Writer(vocoding)
        begun = first.push(frames[:cut])
        second.restore(first.snapshot())
        rest = second.push(frames[cut:])
        np.testing.assert_array_equal(np.concatenate([begun, rest, second.end()]), whole)
    memory = Writer(vocoding).snapshot()
    for wrong in (memory._replace(beside=b"1"), memory._replace(marks=(1,)), memory._replace(last=1.0)):
        with pytest.raises(ArtifactError):
            Writer(vocoding).restore(wrong)


def test_training_and_the_engine_draw_of_the_same(
    fitted: Vocoder, vocoding: Vocoding, frames: np.ndarray, data: pl.DataFrame
) -> None:
    """Without deviation the net in torch, fed what the engine wrote, means just that."""
    import torch  # noqa: PLC0415

    schema, net = fitted.fitted_.schema, fitted.fitted_.model
    wave = vocoding.waveform(frames, temperature=0.0)
    apart = Writer(vocoding, temperature=0.0)
    rows: list[np.ndarray] = []
    own = apart._frame
    apart._frame = lambda around: rows.append(found := own(around)) or found  # type: ignore[method-assign]
    np.testing.assert_array_equal(np.concatenate([apart.push(frames), apart.end()]), wave)
    written = torch.tensor(np.concatenate(rows) / schema.target.deviation, dtype=torch.float32)[None]
    read = torch.from_numpy(schema.encoding.encode(_clip(data["path"][1])))[None]
    drawn, _ = net(read, written)
    most = 1.5 * torch.from_numpy(schema.target.peak)
    torch.testing.assert_close(drawn.mean.clamp(-most, most), written, atol=1e-3, rtol=1e-3)


def _clip(path: str) -> Any:
    from recurra.data.sound import open_sound  # noqa: PLC0415

    return open_sound(Path(path))


def test_it_streams(fitted: Vocoder, vocoding: Vocoding, frames: np.ndarray) -> None:
    live = LiveVocoder(fitted.to_program())
    told = [live.predict(frame.tolist()).values["samples"] for frame in frames]
    whole = vocoding.waveform(frames)
    both = np.concatenate(told)
    np.testing.assert_array_equal(both, whole[: len(both)])
    again = LiveVocoder(fitted.to_program())
    again.restore(live.snapshot())
    named = dict(zip(live.columns, frames[0].tolist(), strict=True))
    np.testing.assert_array_equal(
        again.predict(named).values["samples"], live.predict(named).values["samples"]
    )
    with pytest.raises(ArtifactError):
        live.restore({})


def test_a_saved_vocoder_is_the_same(fitted: Vocoder, data: pl.DataFrame, tmp_path: Path) -> None:
    fitted.save(tmp_path / "net")
    again = Vocoder.load(tmp_path / "net").predict(data.head(2), samples=True)
    assert again.equals(fitted.predict(data.head(2), samples=True))


def test_steps_have_to_fill_frames(data: pl.DataFrame) -> None:
    with pytest.raises(ConfigError, match="bands is 3, and frames are 20 samples apart"):
        tiny(bands=3).fit(data)
    with pytest.raises(ConfigError, match="go together"):
        tiny(shift=20).fit(data)


def test_a_voice_speaks_through_it(
    data: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, run, wav = tmp_path / "said.csv", tmp_path / "vocoder", tmp_path / "said.wav"
    data.write_csv(table)
    small = ("num_mels=16", "window=25", "shift=5", "hidden_size=8", "max_epochs=1")
    outcome = call(capsys, "train", "vocode", table, "--out", run, *small)
    assert outcome.code == 0, outcome.err
    assert (run / "report.html").read_text().count("data:audio/ogg;base64,") >= 6
    assert call(capsys, "predict", run, table, "-o", wav).code == 0
    scored = json.loads(call(capsys, "evaluate", run, table, "--json").out)
    assert "griffin_lim" in json.dumps(scored)
    own = {"num_mels": 16, "hidden_size": 8, "max_epochs": 1, "device": "cpu"}
    voice = Speaker(**own, window=25.0, shift=5.0).fit(data)
    said = [
        voice.predict(["a"], samples=True, max_seconds=0.2, **options)["samples"][0].to_numpy()
        for options in ({}, {"vocoder": str(run)}, {"vocoder": str(run)}, {"vocoder": str(run), "seed": 1})
    ]
    assert len(said[0]) == len(said[1])
    np.testing.assert_array_equal(said[1], said[2])
    assert not np.array_equal(said[1], said[3])
    assert not np.array_equal(said[1], said[0])
    with pytest.raises(ConfigError, match=r"num_mels=16 window=50 shift=5"):
        Speaker(**own, window=50.0, shift=5.0).fit(data).predict(["a"], vocoder=str(run))
    Program([Affine(np.ones((1, 1), np.float32))]).save(tmp_path / "other" / "stream")
    for wrong in (tmp_path / "other", tmp_path / "none"):
        with pytest.raises(DamagedError):
            voice.predict(["a"], vocoder=str(wrong))

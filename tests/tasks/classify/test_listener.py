import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import call

from recurra import Classifier
from recurra.config import validated
from recurra.errors import ConfigError
from recurra.experiment.listening import Event
from recurra.tasks.classify.config import Listening
from recurra.tasks.classify.listener import LiveSpotter

RATE = 8_000
PITCHES = {"low": 400, "high": 2_000}


def word(name: str, random: np.random.Generator) -> np.ndarray:
    """A tone of about a fifth of a second that swells and fades."""
    count = int(random.integers(1_500, 1_900))
    tone = np.sin(2 * np.pi * PITCHES[name] * random.uniform(0.95, 1.05) * np.arange(count) / RATE)
    return (tone * np.hanning(count) * random.uniform(0.2, 0.5)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, random = tmp_path_factory.mktemp("words"), np.random.default_rng(0)
    for name in PITCHES:
        for number in range(30):
            soundfile.write(place / f"{name}_{number}.wav", word(name, random), RATE)
    return place


@pytest.fixture(scope="module", params=["last", "max"])
def fitted(folder: Path, request: pytest.FixtureRequest) -> Classifier:
    return Classifier(
        pooling=request.param,
        background=0.5, hidden_size=24, max_epochs=14, learning_rate=1.5e-2, batch_size=16, dropout=0.0,
        num_mels=12, shift=20, speed=0, baselines=(), time_mask=0.0, calibrate=False, seed=1,
    ).fit(folder)  # fmt: skip


def recording(said: list[str]) -> tuple[np.ndarray, list[tuple[str, float, float]]]:
    """Words with pauses between them, in noise, and where each lies."""
    random = np.random.default_rng(5)
    parts, truth, at = [np.zeros(RATE, np.float32)], [], RATE
    for name in said:
        tone, pause = word(name, random), np.zeros(int(random.integers(4_000, 8_000)), np.float32)
        truth.append((name, at / RATE, (at + len(tone)) / RATE))
        parts += [tone, pause]
        at += len(tone) + len(pause)
    sound = np.concatenate(parts)
    return sound + random.normal(0, 0.002, len(sound)).astype(np.float32), truth


def spotter_of(fitted: Classifier, rate: int | None = None, **options: Any) -> LiveSpotter:
    return LiveSpotter(fitted.to_program(), validated(Listening, options), rate=rate)


def listen(spotter: LiveSpotter, samples: np.ndarray, block: int) -> list[Event]:
    pieces = np.split(samples, range(block, len(samples), block))
    return [*(event for piece in pieces for event in spotter.push(piece)), *spotter.end()]


def test_silence_and_what_is_no_word_are_classes_that_are_trained_and_scored(fitted: Classifier) -> None:
    target = fitted.fitted_.schema.target
    assert target.labels == ("high", "low", "silence", "unknown")
    assert sum("background=0" in sentence for sentence in fitted.repairs_) == 2
    assert fitted.score() > 0.8


def test_words_are_told_once_each_and_where_they_are(fitted: Classifier) -> None:
    said = ["low", "high", "high", "low", "low", "high"]
    sound, truth = recording(said)
    events = listen(spotter_of(fitted), sound, 1_000)
    assert [event["word"] for event in events] == said
    for event, (_, start, end) in zip(events, truth, strict=True):
        assert event["start"] < end
        assert event["end"] > start
        assert abs(event["start"] + event["end"] - start - end) < 0.3
        assert 0.6 <= event["score"] <= 1
    assert listen(spotter_of(fitted), recording([])[0], 800) == []


def test_blocks_of_any_size_give_the_same_events(fitted: Classifier) -> None:
    sound, _ = recording(["high", "low"])
    once = listen(spotter_of(fitted), sound, len(sound))
    assert len(once) == 2
    assert listen(spotter_of(fitted), sound, 37) == once
    faster = listen(spotter_of(fitted, 16_000), np.repeat(sound, 2), 501)
    assert [event["word"] for event in faster] == ["high", "low"]


def test_a_stretch_is_told_with_the_probabilities_of_the_recording(
    fitted: Classifier, tmp_path: Path
) -> None:
    sound, _ = recording(["high"])
    spotter = spotter_of(fitted, threshold=1e-6, hop=0.25, smooth=1)
    heard: list[tuple[int, np.ndarray]] = []
    judge = spotter._judge
    spotter._judge = lambda begin, found: heard.append((begin, found)) or judge(begin, found)
    listen(spotter, sound, 512)
    length = round(fitted.fitted_.schema.encoding.codec.span * RATE)
    names = []
    for begin, _ in heard[:6]:
        names.append(tmp_path / f"{begin}.wav")
        soundfile.write(names[-1], sound[begin * 160 : begin * 160 + length], RATE, subtype="FLOAT")
    told = fitted.predict(pl.DataFrame({"path": [str(name) for name in names]}))
    expected = told.select(pl.col("^p_.*$")).to_numpy()
    np.testing.assert_allclose([found for _, found in heard[:6]], expected, atol=1e-5)


def test_nets_that_cannot_listen_are_refused(folder: Path) -> None:
    plain = Classifier(hidden_size=4, max_epochs=1, baselines=(), seed=0).fit(folder)
    with pytest.raises(ConfigError, match="recordings as they are"):
        spotter_of(plain)
    other = Classifier(hidden_size=4, max_epochs=1, baselines=(), pooling="last", bidirectional=False)
    series = {"x": [[1.0, 2.0], [3.0, 4.0]] * 10, "label": ["a", "b"] * 10}
    with pytest.raises(ConfigError, match="whose input is series"):
        spotter_of(other.fit(series))


def test_the_command_tells_words_as_lines(fitted: Classifier, tmp_path: Path, capsys: Any) -> None:
    fitted.to_program().save(tmp_path / "program")
    soundfile.write(tmp_path / "said.wav", recording(["low", "high"])[0], RATE)
    outcome = call(capsys, "stream", tmp_path / "program", "--audio", tmp_path / "said.wav", "hop=0.05")
    assert outcome.code == 0
    events = [json.loads(line) for line in outcome.out.splitlines()]
    assert [event["word"] for event in events] == ["low", "high"]
    outcome = call(capsys, "bench", tmp_path / "program", tmp_path / "said.wav", "hop=0.05", "--json")
    found = json.loads(outcome.out)
    assert (found["recordings"], found["words"]) == (1, 2)
    assert 0 < found["latency_seconds"] <= found["latency_90"] < 2


class RefusalError(Exception):
    """As PortAudio's."""


class Recorder:
    """What `sounddevice.RawInputStream` would be if somebody said two words, and then was gone."""

    def __init__(self, samplerate: int, channels: int, dtype: str, blocksize: int) -> None:
        assert (samplerate, channels, dtype, blocksize) == (RATE, 1, "int16", RATE // 20)
        sound, _ = recording(["low", "high"])
        self.left, self.is_open = (sound * 32767).astype("<i2").tobytes(), False

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False

    def read(self, frames: int) -> tuple[bytes, bool]:
        assert self.is_open
        found, self.left = self.left[: 2 * frames], self.left[2 * frames :]
        return found, not self.left


def refuses(*_: Any, **__: Any) -> None:
    raise RefusalError("Error querying device -1")


class Busy(Recorder):
    """One that is there, and does not start."""

    __enter__ = refuses


def test_the_command_hears_a_microphone(
    fitted: Classifier, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted.to_program().save(tmp_path / "program")
    library = SimpleNamespace(RawInputStream=Recorder, PortAudioError=RefusalError)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    outcome = call(capsys, "stream", tmp_path / "program", "--microphone")
    assert outcome.code == 0
    assert [json.loads(line)["word"] for line in outcome.out.splitlines()] == ["low", "high"]
    assert outcome.err.count("sound was lost") == 1
    for kind in (refuses, Busy):
        library.RawInputStream = kind
        outcome = call(capsys, "stream", tmp_path / "program", "--microphone")
        assert outcome.code
        assert "no microphone at 8000 samples a second (Error querying device -1)" in outcome.err
    outcome = call(capsys, "stream", tmp_path / "program", "--microphone", "--audio", "-")
    assert "--audio and --microphone" in outcome.err
    outcome = call(capsys, "stream", tmp_path / "program", "--microphone", "--state", "x")
    assert "--state with --microphone" in outcome.err
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    outcome = call(capsys, "stream", tmp_path / "program", "--microphone")
    assert "pip install 'recurra[microphone]'" in outcome.err

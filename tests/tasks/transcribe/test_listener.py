import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import call, environment, feed

from recurra import Transcriber
from recurra.errors import ConfigError, DamagedError
from recurra.experiment.listening import Told
from recurra.streaming import GRU, Affine, Program
from recurra.tasks.transcribe.config import Listening
from recurra.tasks.transcribe.listener import LiveTranscriber

RATE = 4_000
TONES = {"low": 300.0, "high": 1500.0}


def tone(word: str, seconds: float = 0.2) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * TONES[word] * np.arange(int(seconds * RATE)) / RATE)


def sound(words: list[str], random: np.random.Generator, pause: float | None = None) -> np.ndarray:
    """Words as tones with pauses between, before and after."""
    parts = []
    for word in [*words, ""]:
        parts.append(np.zeros(int((pause or random.uniform(0.1, 0.25)) * RATE)))
        if word:
            parts.append(tone(word, random.uniform(0.1, 0.25)))
    samples = np.concatenate(parts)
    return (samples + random.normal(0, 1e-3, len(samples))).astype(np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that writes down tones, from a folder of recordings with a text beside each."""
    folder, random = tmp_path_factory.mktemp("tones"), np.random.default_rng(0)
    for number in range(60):
        words = random.choice(list(TONES), size=random.integers(1, 4)).tolist()
        soundfile.write(folder / f"{number:02d}.wav", sound(words, random), RATE)
        (folder / f"{number:02d}.txt").write_text(" ".join(words).upper() + ".\n")
    net = {"cell": "gru", "hidden_size": 16, "num_layers": 1, "max_epochs": 25, "learning_rate": 0.02}
    data = {"num_mels": 8, "target_tokens": "word", "batch_size": 8, "test_size": 0, "noise": None}
    nothing = dict.fromkeys(("speed", "gain", "tone", "band_mask", "time_mask"), 0)
    Transcriber(**net, **data, **nothing).fit(folder).save(folder / "net")
    return folder


@pytest.fixture(scope="module")
def fitted(run: Path) -> Transcriber:
    return Transcriber.load(run / "net")


@pytest.fixture(scope="module")
def program(fitted: Transcriber) -> Program:
    return fitted.to_program()


def heard(
    program: Program, samples: np.ndarray, size: int, rate: int = RATE, **options: object
) -> list[dict]:
    listener = LiveTranscriber(program, Listening(**options), rate=rate)
    events = [
        event for at in range(0, len(samples), size) for event in listener.push(samples[at : at + size])
    ]
    return [*events, *listener.end()]


def finals(events: list[dict]) -> list[str]:
    return [event["text"] for event in events if event["kind"] == "final"]


@pytest.mark.parametrize("options", [{}, {"beam": 4}, {"endpoint": 0.2}])
def test_pieces_of_any_size_change_nothing(program: Program, options: dict) -> None:
    samples = sound(["low", "high", "low"], np.random.default_rng(1), pause=0.3)
    whole = heard(program, samples, len(samples), **options)
    assert finals(whole)
    for size in (37, 800):
        assert heard(program, samples, size, **options) == whole
    twice = np.repeat(samples, 2)
    other = heard(program, twice, len(twice), rate=2 * RATE, **options)
    assert heard(program, twice, 333, rate=2 * RATE, **options) == other


def test_a_stream_says_what_the_recording_says(fitted: Transcriber, program: Program, tmp_path: Path) -> None:
    for seed in range(5):
        random = np.random.default_rng(seed + 20)
        words = random.choice(list(TONES), size=3).tolist()
        soundfile.write(tmp_path / "one.wav", sound(words, random), RATE)
        samples, _ = soundfile.read(tmp_path / "one.wav", dtype="float32")
        told = fitted.predict(tmp_path / "one.wav", times=True).row(0, named=True)
        events = heard(program, samples, 100)
        assert finals(events) == [told["prediction"]] == [" ".join(words)]
        for one, two in zip(events[-1]["words"], told["words"], strict=True):
            assert one == {**two, "confidence": pytest.approx(two["confidence"], abs=2e-3)}
        partials = [event for event in events if event["kind"] == "partial"]
        assert partials[-1]["text"] == told["prediction"]
        assert partials[0]["end"] < 0.7


def test_a_text_ends_with_a_pause_and_the_next_begins_anew(program: Program) -> None:
    random = np.random.default_rng(3)
    first, second = sound(["low", "high"], random), sound(["high"], random)
    samples = np.concatenate([first, np.zeros(RATE, np.float32), second])
    events = heard(program, samples, 500, endpoint=0.5)
    assert finals(events) == ["low high", "high"]
    begin = (len(first) + RATE) / RATE
    last = events[-1]
    assert begin < last["start"] < last["end"] < len(samples) / RATE
    assert last["words"][0]["start"] == last["start"]
    again = heard(
        program, np.concatenate([first, np.zeros(30 * RATE, np.float32), second]), 500, endpoint=0.5
    )
    assert finals(again) == ["low high", "high"]


def test_a_word_that_is_not_told_yet_when_a_text_ends_is_not_lost(program: Program) -> None:
    for seed in range(4):
        words = ["low", "high", "high", "low"]
        samples = sound(words, np.random.default_rng(seed), pause=0.3)
        found = finals(heard(program, samples, 500, endpoint=0.2))
        assert len(found) > 1
        assert " ".join(found) == " ".join(words)


def test_what_goes_on_for_ever_is_cut(program: Program) -> None:
    samples = np.concatenate([sound(["low", "high"], np.random.default_rng(9), pause=0.1) for _ in range(6)])
    events = heard(program, samples, 1000, max_seconds=1.0, endpoint=0.9)
    assert len(finals(events)) >= 3
    listener = LiveTranscriber(program, Listening(max_seconds=1.0), rate=RATE)
    for _ in range(20):
        list(listener.push(samples))
        assert len(listener._outputs) <= 1.0 / 0.03 + 1


def test_silence_says_nothing(program: Program) -> None:
    assert finals(heard(program, np.zeros(3 * RATE, np.float32), 700)) == []


def test_programs_that_do_not_fit(program: Program) -> None:
    random = np.random.default_rng(0)
    sizes = ((9, 2), (9, 3), (4, 3))
    one, two, three = (random.normal(size=size).astype(np.float32) for size in sizes)
    for metadata in ({}, {**program.metadata, "alphabet": None}, {**program.metadata, "step_seconds": "x"}):
        with pytest.raises(DamagedError):
            LiveTranscriber(Program(program.layers, metadata), Listening())
    with pytest.raises(DamagedError, match="outputs"):
        LiveTranscriber(Program([GRU(one, two), Affine(three)], program.metadata), Listening())
    with pytest.raises(ConfigError, match="beam"):
        LiveTranscriber(program, Listening(words="words.txt"))


def stream_folder(program: Program, folder: Path) -> Path:
    if not folder.exists():
        program.save(folder)
    return folder


def test_the_command_reads_raw_sound_and_wav(
    program: Program, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stream_folder(program, run / "stream")
    samples = sound(["low", "high"], np.random.default_rng(5))
    soundfile.write(run / "said.wave", samples, RATE, format="WAV", subtype="PCM_16")
    content = (run / "said.wave").read_bytes()
    raw = (soundfile.read(run / "said.wave", dtype="int16")[0]).astype("<i2").tobytes()
    outs = []
    for given, more in ((content, []), (raw, []), (raw, ["--rate", str(RATE)])):
        feed(monkeypatch, given)
        outcome = call(capsys, "stream", folder, "--audio", "-", *more)
        assert outcome.code == 0, outcome.err
        outs.append(outcome.out)
    outcome = call(capsys, "stream", folder, "--audio", run / "said.wave")
    assert {outcome.out} == set(outs)
    last = json.loads(outs[0].splitlines()[-1])
    assert (last["kind"], last["text"]) == ("final", "low high")


def test_bench_tells_how_fast_and_how_late(
    program: Program, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, random, words = stream_folder(program, run / "stream"), np.random.default_rng(5), ["low", "high"]
    for name in ("one", "two"):
        soundfile.write(tmp_path / f"{name}.wav", sound(words, random), RATE)
    outcome = call(capsys, "bench", folder, tmp_path, "--piece", 0.02, "--weights", "bfloat16", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    seconds = sum(soundfile.info(tmp_path / f"{name}.wav").duration for name in ("one", "two"))
    assert (found["recordings"], found["words"], found["weights"]) == (2, 4, "bfloat16")
    assert found["seconds"] == pytest.approx(seconds, abs=0.06)
    assert 0 < found["piece_ms"] <= found["slow_piece_ms"]
    assert 0 < found["real_time_factor"] < 5
    assert -0.3 < found["latency_seconds"] <= found["latency_90"] < 1
    outcome = call(capsys, "bench", folder, tmp_path, "endpoint=0.3")
    assert "latency_90" in outcome.out
    assert call(capsys, "bench", folder).code == 2


def test_a_word_is_late_until_it_and_all_before_it_stay() -> None:
    def partial(text: str) -> dict[str, object]:
        return {"kind": "partial", "text": text}

    def final(text: str, *ends: float) -> dict[str, object]:
        return {"kind": "final", "text": text, "words": [{"end": end} for end in ends]}

    told = [
        *(Told(fed, partial(text)) for fed, text in ((1.0, "a"), (2.0, "a b"), (3.0, "c b"), (4.0, "c b d"))),
        Told(5.0, final("c b d", 0.5, 1.5, 4.25)),
        *(Told(7.0, partial("e")), Told(8.0, final(""))),
        Told(9.0, final("f", 8.0)),
    ]
    assert LiveTranscriber.latencies(told) == [2.5, 1.5, -0.25, 1.0]


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (b"", ["--audio", "-"], "without a sample"),
        (b"\0\0", ["--audio", "-", "--json"], None),
        (b"", ["--audio", "nowhere.wav"], "nowhere.wav"),
        (b"", ["--audio", "-", "--state", "x"], "--state"),
        (b"", ["--audio", "-", "endpont=1"], "endpoint"),
        (b"", ["--audio", "-", "words=x"], "beam"),
        (b"", ["endpoint=1"], "--audio"),
        (b"", ["--rate", "8000"], "--audio"),
        (b"fLaC" + bytes(20), ["--audio", "-"], "ffmpeg"),
    ],
)
def test_mistakes_are_told(
    program: Program,
    run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    arguments: list[str],
    words: str | None,
) -> None:
    feed(monkeypatch, content)
    outcome = call(capsys, "stream", stream_folder(program, run / "stream"), *arguments)
    assert outcome.code == (0 if words is None else 2)
    assert words is None or words in outcome.err


def test_a_text_that_is_called_wav_is_not_heard(
    program: Program, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "said.wav").write_text("this is no sound " * 99)
    outcome = call(capsys, "stream", stream_folder(program, run / "stream"), "--audio", tmp_path / "said.wav")
    assert (outcome.code, outcome.out) == (2, "")
    assert "a WAV file" in outcome.err


def test_a_pipe_that_stalls_and_closes_ends_with_the_text_and_needs_no_torch(
    program: Program, run: Path
) -> None:
    folder = stream_folder(program, run / "stream")
    samples = (sound(["low", "high"], np.random.default_rng(5)) * 32767).astype("<i2").tobytes()
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "recurra", "stream", str(folder), "--audio", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(samples)
    process.stdin.flush()
    first = json.loads(process.stdout.readline())  # it speaks while the pipe is open
    assert first["kind"] == "partial"
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["text"] == "low high"
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in err.decode().splitlines()}
    assert "numpy" in imported
    assert not {"torch", "scipy", "sklearn", "pandas"} & imported


def test_ctrl_c_ends_the_sound(program: Program, run: Path) -> None:
    folder = stream_folder(program, run / "stream")
    samples = (sound(["low", "high"], np.random.default_rng(5)) * 32767).astype("<i2").tobytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "recurra", "stream", str(folder), "--audio", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(samples)
    process.stdin.flush()
    while json.loads(process.stdout.readline())["text"] != "low high":
        pass
    process.send_signal(signal.SIGINT)  # while it waits for more
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"interrupted\n")
    assert json.loads(out.splitlines()[-1])["kind"] == "final"


def test_a_closed_standard_input_is_told(program: Program, run: Path) -> None:
    command = f"{sys.executable} -m recurra stream {stream_folder(program, run / 'stream')} --audio - <&-"
    done = subprocess.run(
        ["sh", "-c", command], check=False, capture_output=True, env=environment(), timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: a standard input that is closed")


def test_a_run_that_does_not_hear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pl.DataFrame({"signal": [[0.0, 1.0, 0.0, 1.0]] * 20, "text": ["a"] * 20})
    net = Transcriber(max_epochs=1, hidden_size=4, num_layers=1, bidirectional=False).fit(rows)
    net.to_program().save(tmp_path / "series")
    feed(monkeypatch, bytes(100))
    outcome = call(capsys, "stream", tmp_path / "series", "--audio", "-")
    assert outcome.code == 2
    assert "series" in outcome.err

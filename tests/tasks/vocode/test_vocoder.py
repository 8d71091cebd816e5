"""A vocoder of tones, and what it does as frames come."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import call, feed

from recurra import Speaker, Vocoder
from recurra.data.sound import Samples
from recurra.decoding.vocoding import Vocoding, Writer
from recurra.errors import ArtifactError, ConfigError, DamagedError, DataError
from recurra.streaming import Affine, Program
from recurra.tasks.vocode.config import VocodeConfig
from recurra.tasks.vocode.encoding import FrameEncoding
from recurra.tasks.vocode.live import LiveVocoder
from recurra.tasks.vocode.target import Target
from recurra.tasks.vocode.task import VOCODE

RATE = 4_000
TONES = (300.0, 700.0, 1_300.0)
HOT = 1.0  # temperature


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
    return tiny(max_epochs=24, learning_rate=0.01).fit(data)


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
    whole = vocoding.waveform(frames, 3, HOT)
    assert len(whole) == (len(frames) - 1) * vocoding.hop
    for size in (1, 7):
        writer = Writer(vocoding, 3, HOT)
        parts = [writer.push(frames[begin : begin + size]) for begin in range(0, len(frames), size)]
        np.testing.assert_array_equal(np.concatenate([*parts, writer.end()]), whole)
    assert not np.array_equal(vocoding.waveform(frames, 4, HOT), whole)
    assert len(vocoding.waveform(frames[:0], 0, HOT)) == len(vocoding.waveform(frames[:1], 0, HOT)) == 0


def test_a_writer_goes_on_from_a_snapshot(vocoding: Vocoding, frames: np.ndarray) -> None:
    whole = vocoding.waveform(frames, 0, HOT)
    for cut in (0, 1, 9):
        first, second = Writer(vocoding, 0, HOT), Writer(vocoding, 0, HOT)
        begun = first.push(frames[:cut])
        second.restore(first.snapshot())
        rest = second.push(frames[cut:])
        np.testing.assert_array_equal(np.concatenate([begun, rest, second.end()]), whole)
    memory = Writer(vocoding, 0, HOT).snapshot()
    for wrong in (memory._replace(beside=b"1"), memory._replace(marks=(1,)), memory._replace(last=1.0)):
        with pytest.raises(ArtifactError):
            Writer(vocoding, 0, HOT).restore(wrong)


def test_training_and_the_engine_draw_of_the_same(
    fitted: Vocoder, vocoding: Vocoding, frames: np.ndarray, data: pl.DataFrame
) -> None:
    """Without deviation the net in torch, fed what the engine wrote, means just that."""
    import torch  # noqa: PLC0415

    schema, net = fitted.fitted_.schema, fitted.fitted_.model
    wave = vocoding.waveform(frames, 0, 0.0)
    apart = Writer(vocoding, 0, 0.0)
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


def test_noise_is_white_from_frame_to_frame(vocoding: Vocoding, frames: np.ndarray) -> None:
    noise = Writer(vocoding, 3, HOT)
    several = np.stack([noise.noise(number).reshape(-1) for number in range(200)])
    assert len(np.unique(several)) > 0.999 * several.size
    assert abs(several.mean()) < 0.05
    assert abs(several.std() - 1) < 0.05
    power = np.square(np.abs(np.fft.rfft(several.reshape(-1))))[1:]
    smooth = power[: len(power) // 20 * 20].reshape(20, -1).mean(axis=1) / power.mean()
    assert np.abs(smooth - 1).max() < 0.5
    np.testing.assert_array_equal(Writer(vocoding, 3, HOT).noise(7).reshape(-1), several[7])


def test_a_stream_makes_what_predict_makes(fitted: Vocoder, data: pl.DataFrame, frames: np.ndarray) -> None:
    whole = fitted.predict(data[1:2], samples=True)["samples"][0].to_numpy()
    live = LiveVocoder(fitted.to_program())
    for name in ({}, {"sequence_id": "a"}, {"sequence_id": "a"}):  # the second "a" begins anew
        rows = [dict(zip(live.columns, frame.tolist(), strict=True)) | name for frame in frames]
        told = [live.predict(row).values["samples"] for row in rows[:-1]]
        told.append(live.predict(rows[-1] | {"sequence_end": True}).values["samples"])
        np.testing.assert_array_equal(np.float32(np.concatenate(told)), whole)
    assert live.snapshot() == {}
    told = [live.predict(frame.tolist()).values["samples"] for frame in frames]
    told.append(live.predict({"sequence_end": "true"}).values["samples"])
    np.testing.assert_array_equal(np.float32(np.concatenate(told)), whole)
    assert live.predict({"sequence_end": True}).values["samples"] == []
    for wrong in ({"sequence_end": "perhaps"}, {"sequence_id": 1.5}, {"band 1": 1.0}):
        with pytest.raises(DataError):
            live.predict(wrong)


def test_a_stream_goes_on_from_a_snapshot(fitted: Vocoder, frames: np.ndarray) -> None:
    live, again = LiveVocoder(fitted.to_program()), LiveVocoder(fitted.to_program())
    for frame in frames[:9]:
        live.predict(frame.tolist())
    again.restore(live.snapshot())
    row = frames[9].tolist()
    assert again.predict(row).values["samples"] == live.predict(row).values["samples"] != []
    wrong = live.snapshot()
    with pytest.raises(ArtifactError):
        live.restore({name: one._replace(marks=(1,)) for name, one in wrong.items()})


def test_a_table_of_frames_gives_one_cell_a_row(
    fitted: Vocoder,
    frames: np.ndarray,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = fitted.save(tmp_path / "net")
    names = ",".join(f"band {one}" for one in range(1, 17))
    lines = [",".join(map(str, frame.tolist())) for frame in frames[:6]]
    feed(monkeypatch, "\n".join([names, *lines, ""]).encode())
    outcome = call(capsys, "stream", run, "--format", "csv")
    assert outcome.code == 0, outcome.err
    header, *rows = csv.reader(outcome.out.splitlines())
    assert header == ["samples"]
    assert {len(row) for row in rows} == {1}
    assert len(json.loads(rows[-1][0])) == 20


def test_a_program_that_does_not_fit_together_is_damaged(fitted: Vocoder) -> None:
    program = fitted.to_program()
    for name in ("first", "second", "direct", "mean", "band_deviation", "peak"):
        cut = {**program.arrays, name: program.arrays[name][..., :-1]}
        with pytest.raises(DamagedError):
            Vocoding(altered(program, arrays=cut))
        with pytest.raises(DamagedError):
            Vocoding(altered(program, arrays={**program.arrays, name: np.zeros(1, np.float32)}))
    sound = program.metadata["sound"]
    for change in ({"bands": 0}, {"bands": 1}, {"mel": {}}, {"mel": 3}, {"context": "a"}, {"history": 0}):
        with pytest.raises(DamagedError):
            Vocoding(altered(program, metadata={**program.metadata, "sound": {**sound, **change}}))
    with pytest.raises(DamagedError):
        Vocoding(altered(program, metadata={}))


def altered(program: Program, **parts: Any) -> Program:
    """The same with other metadata or arrays."""
    own = {"metadata": program.metadata, "arrays": program.arrays, **parts}
    return Program(program.layers, **own)


def test_padding_changes_nothing() -> None:
    import torch  # noqa: PLC0415

    from recurra.models.vocoder import Vocoder as Net  # noqa: PLC0415
    from recurra.recurrence import Recurrence  # noqa: PLC0415

    net = Net(64, 5, 4, Recurrence(cell="gru", hidden_size=24)).eval()
    random = torch.Generator().manual_seed(0)
    frames = torch.randn(2, 6, 64, generator=random)
    samples = torch.randn(2, 30, 4, generator=random)
    drawn, (_, (state,)) = net(frames, samples, None, torch.tensor([6, 4]))
    alone, (_, (other,)) = net(frames[1:, :4], samples[1:, :20])
    torch.testing.assert_close(drawn.mean[1:, :20], alone.mean)
    torch.testing.assert_close(state[0][1:], other[0])


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1_000, 1_001])
def test_scales_are_of_500_recordings_at_most(
    count: int, data: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    own = FrameEncoding.sound
    monkeypatch.setattr(FrameEncoding, "sound", lambda self, clip: heard.append(clip) or own(self, clip))
    clips = [Samples(np.full(300, 0.1 + number / 2_000, np.float32), RATE) for number in range(count)]
    config = VocodeConfig(sample_rate=RATE, num_mels=16, window=25.0, shift=5.0)
    read = VOCODE.read(data, {}, None, None)
    train = replace(read.train, contents=clips)
    target = Target.learn(replace(read, config=config), train)
    assert 1 <= len(heard) <= 500
    every = np.concatenate([target.frames.mel.frames(one.samples()) for one in heard])
    np.testing.assert_allclose(target.frames.mean, every.mean(axis=0, dtype=np.float64), atol=1e-4)


def test_a_saved_vocoder_is_the_same(fitted: Vocoder, data: pl.DataFrame, tmp_path: Path) -> None:
    for overwrite in (False, True):
        fitted.save(tmp_path / "net", overwrite=overwrite)
    again = Vocoder.load(tmp_path / "net").predict(data.head(2), samples=True)
    assert again.equals(fitted.predict(data.head(2), samples=True))


def test_steps_have_to_fill_frames(data: pl.DataFrame) -> None:
    with pytest.raises(ConfigError, match="bands is 3, and frames are 20 samples apart"):
        tiny(bands=3).fit(data)
    with pytest.raises(ConfigError, match="go together"):
        tiny(shift=20).fit(data)
    for rate, shift, told in ((11_025, 12.5, "2, 3, 6, 23"), (44_100, 12.5, "19, 29")):
        with pytest.raises(ConfigError, match=f"as many bands as divide them: {told}"):
            tiny(sample_rate=rate, shift=shift).fit(data)


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
    saved = Vocoder.load(run).save(tmp_path / "saved")
    said = [
        voice.predict(["a"], samples=True, max_seconds=0.2, **options)["samples"][0].to_numpy()
        for options in ({}, {"vocoder": str(run)}, {"vocoder": str(saved)}, {"vocoder": str(run), "seed": 1})
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

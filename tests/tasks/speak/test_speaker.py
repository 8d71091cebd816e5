"""A speaker of made speech: each letter is a tone of its own."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import call, feed

from recurra import Speaker
from recurra.cli.app import main
from recurra.config import validated
from recurra.data.sound import Samples
from recurra.errors import ConfigError, DataError, MissingDependencyError
from recurra.inputs import phonemes
from recurra.inputs.phonemes import pronounced
from recurra.metrics.speech import mel_cepstral_distortion
from recurra.tasks.speak.config import SpeakAnswer, SpeakConfig
from recurra.tasks.speak.recordings import END
from recurra.tasks.speak.synthesis import Speech, answer, speak
from recurra.tasks.speak.task import SPEAK, Objective, part
from recurra.tasks.speak.voice import Voice

RATE = 4_000
TONES = {"a": 300.0, "b": 700.0, "c": 1_300.0}


def sound_of(text: str, random: np.random.Generator) -> np.ndarray:
    parts = []
    for letter in text.replace(" ", ""):
        count = int(random.uniform(0.14, 0.18) * RATE)
        fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / 80)
        parts.append(0.5 * fade * np.sin(2 * np.pi * TONES[letter] * np.arange(count) / RATE))
    return np.concatenate([np.zeros(300), *parts, np.zeros(500)])


def recordings(folder: Path, count: int = 60, seed: int = 0) -> pl.DataFrame:
    """Two or three letters each, with silence around them."""
    random, rows = np.random.default_rng(seed), []
    folder.mkdir(exist_ok=True)
    for number in range(count):
        text = " ".join(random.choice(list(TONES), size=random.integers(2, 4)))
        path = folder / f"{number}.wav"
        soundfile.write(path, sound_of(text, random), RATE)
        rows.append({"path": str(path), "text": text.upper() if number % 2 else text})
    return pl.DataFrame(rows)


def tiny(**settings: Any) -> Speaker:
    own = {"hidden_size": 24, "num_mels": 16, "batch_size": 8, "postnet_blocks": 1, "cell": "gru"}
    return Speaker(**{**own, "max_epochs": 1, "reduction": 4, "device": "cpu", **settings})


class Killer:
    def on_epoch(self, record: Any) -> None:
        if record["epoch"] == 0:
            raise KeyError("killed")

    def on_step(self, record: Any) -> None:
        pass


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return recordings(tmp_path_factory.mktemp("said"))


@pytest.fixture(scope="module")
def fitted(data: pl.DataFrame) -> Speaker:
    settings = {"max_epochs": 40, "learning_rate": 0.01, "guidance": 5.0, "prenet_dropout": 0.3}
    return tiny(**settings).fit(data)


def test_it_learns_to_say_what_is_written(fitted: Speaker, tmp_path: Path) -> None:
    scores = {row["model"]: row for row in fitted.evaluate(recordings(tmp_path, 8, 5)).to_frame().to_dicts()}
    own = scores["recurra"]
    assert own["mcd"] < 0.7 * min(scores[name]["mcd"] for name in ("nearest", "mean"))
    assert scores["copy"]["mcd"] < own["mcd"]
    assert own["monotone"] == 1
    assert own["cut_off"] == 0
    assert own["length_error"] < 0.2


def test_each_letter_sounds_as_it_should(fitted: Speaker) -> None:
    for letter, frequency in TONES.items():
        row = fitted.predict([f"{letter} {letter}"], samples=True).row(0, named=True)
        power = np.abs(np.fft.rfft(row["samples"]))
        assert abs(np.argmax(power) * RATE / len(row["samples"]) - frequency) < 100
        assert row["seconds"] == pytest.approx(len(row["samples"]) / RATE, abs=1e-3)


def test_a_saved_voice_says_the_same(fitted: Speaker, tmp_path: Path) -> None:
    fitted.save(tmp_path / "net")
    again = Speaker.load(tmp_path / "net")
    assert again.predict(["a b", "c"], samples=True).equals(fitted.predict(["a b", "c"], samples=True))


def test_company_changes_nothing_that_is_heard(fitted: Speaker) -> None:
    """But for bits of frames, which ways to phases carry on."""
    mel, texts = fitted.fitted_.schema.target.mel, ["a b c", "c", "b b"]
    together = fitted.predict(texts, samples=True)["samples"]
    for row, text in enumerate(texts):
        alone = fitted.predict([text], samples=True)["samples"][0].to_numpy()
        said = together[row].to_numpy()
        assert len(alone) == len(said)
        assert mel_cepstral_distortion(mel.frames(alone), mel.frames(said)) < 0.5


@pytest.mark.parametrize("look_ahead", [None, 4])
def test_company_changes_no_frame(fitted: Speaker, look_ahead: int | None) -> None:
    net, texts, options = fitted.fitted_, ["a b c", "c", "b b"], SpeakAnswer(look_ahead=look_ahead)
    together = speak(net, part(texts, net, options), options, lambda frames: frames)
    for text, said in zip(texts, together, strict=True):
        alone = speak(net, part([text], net, options), options, lambda frames: frames)[0]
        np.testing.assert_allclose(alone.samples, said.samples, atol=1e-3)


def test_a_killed_training_goes_on_to_the_same(data: pl.DataFrame, tmp_path: Path) -> None:
    whole = tiny(max_epochs=2).fit(data.head(20))
    with pytest.raises(KeyError, match="killed"):
        tiny(max_epochs=2).fit(data.head(20), folder=tmp_path, callbacks=[Killer()])
    again = tiny(max_epochs=2).fit(data.head(20), folder=tmp_path, resume=True)
    assert again.predict(["a"], samples=True).equals(whole.predict(["a"], samples=True))


@pytest.mark.parametrize("settings", [{"attention": "monotonic"}, {"attention": "additive", "cell": "lstm"}])
def test_other_nets(data: pl.DataFrame, settings: dict[str, Any]) -> None:
    told = tiny(**settings, trim=None).fit(data.head(20)).predict(["a b"])
    assert told.columns == ["text", "seconds", "ended", "monotone"]


def test_frames_that_leave_sound_out_are_refused() -> None:
    with pytest.raises(ConfigError, match="go together"):
        tiny(window=50, shift=40).fit(["a"])


def test_what_is_read_in_order() -> None:
    samples = np.zeros(1, np.float32)
    eye = np.eye(4, dtype=np.float32)
    assert Speech(samples, True, eye).is_monotone
    assert not Speech(samples, True, eye[::-1].copy()).is_monotone
    assert not Speech(samples, True, eye[[0, 1, 2, 3, 1, 3]]).is_monotone
    assert not Speech(samples, True, eye[[0, 0, 0]]).is_monotone
    assert Speech(samples, True, np.zeros((2, 1), np.float32)).is_monotone
    assert not Speech(samples).is_monotone


def test_silence_around_a_recording_is_not_learnt(data: pl.DataFrame) -> None:
    lengths = []
    for trim in (50.0, None):
        target = tiny(trim=trim).fit(data.head(12)).fitted_.schema.target
        sound = soundfile.read(data["path"][0])[0]
        lengths.append(len(target.spectrum(Samples(sound.astype(np.float32), RATE))))
    assert lengths[0] < lengths[1] - 8


class TestWhatIsAsked:
    def test_unknown_characters_are_left_out_and_said(self, fitted: Speaker) -> None:
        said = Voice(fitted.fitted_, SpeakAnswer()).say("a 7!  b")
        assert any("'7', '!'" in one for one in said.notes)
        np.testing.assert_array_equal(
            said.samples, fitted.predict(["a b"], samples=True)["samples"][0].to_numpy()
        )

    def test_nothing_known_is_an_error(self, fitted: Speaker) -> None:
        with pytest.raises(DataError, match="no character of '77' is known") as told:
            fitted.predict(["a", "77"])
        assert sorted(told.value.expected.partition(": ")[2].split(", ")) == ["' '", "'a'", "'b'", "'c'"]
        with pytest.raises(DataError, match="row 2 is empty"):
            fitted.predict(["a", " "])
        with pytest.raises(DataError):
            fitted.predict([])

    def test_speech_that_does_not_end_is_cut_off_and_that_is_said(self, fitted: Speaker) -> None:
        row = fitted.predict(["a b c"], max_seconds=0.2).row(0, named=True)
        assert row["seconds"] <= 0.2
        assert not row["ended"]
        said = Voice(fitted.fitted_, SpeakAnswer(max_seconds=0.2)).say("a b c")
        assert any("max_seconds" in one for one in said.notes)

    def test_a_long_text_is_cut_and_that_is_said(self, data: pl.DataFrame) -> None:
        short = tiny(max_length=3).fit(data.head(20))
        assert any("max_length" in one for one in short.repairs_)
        said = Voice(short.fitted_, SpeakAnswer()).say("a b c a b c")
        assert any("cut 1 text of more than 3 characters" in one for one in said.notes)

    def test_a_text_that_is_missing_is_named(self, data: pl.DataFrame) -> None:
        gap = data.head(8).with_columns(
            pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.col("text")).alias("text")
        )
        with pytest.raises(DataError, match="row 4 has no text"):
            tiny().fit(gap)
        with pytest.raises(DataError, match="--text COLUMN"):
            tiny(text="other").fit(data.head(8))
        with pytest.raises(ConfigError, match="reduction"):
            tiny(reducton=2)


def test_attention_is_held_to_the_order_of_the_text(data: pl.DataFrame) -> None:
    """Of a net that learnt nothing, which looks where it will."""
    net = tiny(attention="additive").fit(data.head(12)).fitted_
    texts = ["a b c a b c a b c", "c"]
    for ahead in (1, 3):
        options = SpeakAnswer(look_ahead=ahead, max_seconds=1.0)
        for one in answer(net, part(texts, net, options)):
            assert one.weights is not None
            np.testing.assert_allclose(one.weights.sum(axis=1), 1, atol=1e-5)
            places = one.weights @ np.arange(one.weights.shape[1])
            been = np.maximum.accumulate(np.concatenate([[0.0], places[:-1]]))
            for weights, furthest in zip(one.weights, been, strict=True):
                looked = np.flatnonzero(weights)
                assert furthest - 1.001 <= looked.min()
                assert looked.max() <= furthest + ahead + 0.001
    free = answer(net, part(texts, net, SpeakAnswer(look_ahead=None, max_seconds=1.0)))[0].weights
    assert free is not None
    assert (free > 0).all()


def test_attention_is_guided_at_first_and_not_in_validation(data: pl.DataFrame) -> None:
    objective = Objective(guidance=4.0, spread=0.2, until=0.5)
    costs = [objective.paced(progress).guidance for progress in (0.0, 0.25, 0.5, 1.0)]
    assert costs == pytest.approx([4.0, 2.0, 0.0, 0.0])
    assert Objective(4.0, 0.2, None).paced(0.9).guidance == 4.0
    prepared = SPEAK.prepare(SPEAK.read(data.head(12), {"hidden_size": 8, "num_mels": 16}, None, None))
    net, batch = SPEAK.build(prepared.config, prepared.schema), prepared.source.batch(0, 0)
    free = Objective(0.0, 0.2, None)
    assert objective(net.train(), batch).total - free(net, batch).total > 1
    assert objective(net.eval(), batch).total == free(net, batch).total


class TestPhonemes:
    @pytest.fixture(autouse=True)
    def espeak(self) -> None:
        pytest.importorskip("espeakng_loader")

    def test_how_texts_are_pronounced(self) -> None:
        assert pronounced("three", "en-us") == "\u03b8\u0279\u02c8i\u02d0"
        assert pronounced("3", "en-us") == pronounced("three", "en-us")
        assert pronounced("Ja, gut.", "de").count(", ") == 1
        assert pronounced("a\0b", "en-us") == pronounced("a b", "en-us")
        assert pronounced("...", "en-us") == ""
        with pytest.raises(ConfigError, match="language 'nowhere'"):
            pronounced("a", "nowhere")

    def test_a_foreign_word_brings_no_letters_that_are_not_said(self) -> None:
        told = pronounced("Ein Software download heute", "de")
        assert not set("()") & set(told)
        assert told.split()[1].endswith("we\u0259")
        assert pronounced("hello (en) you", "en-us").count("\u025b") >= 1  # a word of its own is said

    @pytest.mark.parametrize("language", ["en-us", "de", "fr"])
    def test_languages_that_are_named_are_there(self, language: str) -> None:
        assert pronounced("o", language)

    @pytest.mark.parametrize("language", ["", "de\0", "\ud800", "../de", "/tmp/de", "de\n", "a" * 50])
    def test_other_names_of_languages_are_refused(self, language: str) -> None:
        with pytest.raises(ConfigError):
            pronounced("a", language)
        with pytest.raises(ConfigError):
            validated(SpeakConfig, {"language": language})

    def test_a_text_of_which_nothing_comes_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(phonemes._library(), "espeak_TextToPhonemes", lambda *_: None)
        with pytest.raises(DataError, match="espeak-ng makes nothing"):
            pronounced("a", "en-us")

    def test_they_are_read_in_place_of_characters(self, data: pl.DataFrame, tmp_path: Path) -> None:
        net = tiny(reads="phonemes", max_epochs=1).fit(data.head(12))
        known = net.fitted_.schema.target.known
        assert "\u02c8" in known  # stress
        again = Speaker.load(net.save(tmp_path / "net"))
        assert again.predict(["a b"], samples=True).equals(
            net.predict(["A  b"], samples=True).with_columns(text=pl.lit("a b"))
        )
        with pytest.raises(DataError, match=r"row 2: nothing of '\.\.\.' is pronounced"):
            net.predict(["a", "..."])


def test_phonemes_need_an_extra(data: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    phonemes._library.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"recurra\[speech\]"):
        tiny(reads="phonemes").fit(data.head(12))
    phonemes._library.cache_clear()


def test_texts_end_in_what_says_so(fitted: Speaker) -> None:
    schema = fitted.fitted_.schema
    assert END in schema.target.alphabet.known
    assert {"a", "b", "c", " "} <= set(schema.target.alphabet.known)
    assert "A" not in schema.target.alphabet.known


def test_from_the_command_line(
    data: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table, run, wav = tmp_path / "said.csv", tmp_path / "run", tmp_path / "said.wav"
    data.head(30).write_csv(table)
    small = ("max_epochs=1", "hidden_size=8", "num_mels=16")
    outcome = call(capsys, "train", "speak", table, "--out", run, *small)
    assert outcome.code == 0, outcome.err
    page = (run / "report.html").read_text()
    assert "What it said" in page
    assert re.search(r"It learnt from \d+ seconds of speech", page)
    assert page.count("data:audio/ogg;base64,") >= 2
    assert call(capsys, "evaluate", run, table, "--json").code == 0
    outcome = call(capsys, "predict", run, "a b", "-o", wav, "max_seconds=1")
    assert outcome.code == 0, outcome.err
    samples, rate = soundfile.read(wav)
    assert rate == RATE
    assert 0 < len(samples) <= RATE
    (tmp_path / "lines.txt").write_text("a b\n\nc\n")
    outcome = call(capsys, "predict", run, tmp_path / "lines.txt", "--json", "max_seconds=0.5")
    assert [one["text"] for one in json.loads(outcome.out)["speak"]] == ["a b", "c"]
    outcome = call(capsys, "predict", run, tmp_path / "none.txt")
    assert outcome.code == 2
    assert "does not exist" in outcome.err
    outcome = call(capsys, "predict", run, "a", "-o", tmp_path / "said.mp3")
    assert ".wav" in outcome.err
    assert (
        call(capsys, "predict", run, tmp_path / "lines.txt", "-o", wav, "max_seconds=0.5", "pause=1").code
        == 0
    )
    assert len(soundfile.read(wav)[0]) > RATE
    feed(monkeypatch, b"a b\n")
    assert json.loads(call(capsys, "predict", run, "-", "--json").out)["speak"][0]["text"] == "a b"


def streamed(
    run: Path,
    given: bytes,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    *more: Any,
) -> tuple[int, bytes, bytes]:
    feed(monkeypatch, given)
    code = main(["stream", str(run), *map(str, more)])
    return code, *capsysbinary.readouterr()


def test_lines_are_said_as_they_come(
    fitted: Speaker,
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = fitted.save(tmp_path / "voice")
    lines = b"a b\n\n77\nc\n"
    code, sound, notes = streamed(run, lines, capsysbinary, monkeypatch, "--format", "raw", "pause=0.5")
    assert code == 0
    assert b"line 3: " in notes
    rows = [
        fitted.predict([text], samples=True)["samples"][0] for text in ("a b", "c")
    ]  # alone, as lines are
    silence = np.zeros(RATE // 2)
    expected = np.concatenate([rows[0].to_numpy(), silence, rows[1].to_numpy(), silence])
    np.testing.assert_allclose(np.frombuffer(sound, "<i2") / 32767, expected, atol=1e-4)
    code, wav, _ = streamed(run, lines, capsysbinary, monkeypatch, "pause=0.5")
    assert (code, wav[:4], wav[44:]) == (0, b"RIFF", sound)
    place = tmp_path / "said.wav"
    code, nothing, _ = streamed(run, lines, capsysbinary, monkeypatch, "pause=0.5", "-o", place)
    assert (code, nothing) == (0, b"")
    assert len(soundfile.read(place)[0]) == len(expected)
    assert streamed(run, b"77\n", capsysbinary, monkeypatch, "-o", place)[0] == 2
    code, _, notes = streamed(run, lines, capsysbinary, monkeypatch, "-o", place, "--on-error", "stop")
    assert (code, b"line 3" in notes) == (2, True)
    for wrong in (["--state", "x"], ["--format", "csv"], ["--json"]):
        assert streamed(run, lines, capsysbinary, monkeypatch, *wrong)[0] == 2
    assert soundfile.info(io.BytesIO(wav[:40] + len(sound).to_bytes(4, "little") + sound)).samplerate == RATE

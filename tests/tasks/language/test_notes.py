"""Music by the language model: it learns, tells, streams, makes and shows."""

import io
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra import LanguageModel
from recurra.cli.app import main
from recurra.errors import ConfigError
from recurra.experiment.generation import SymbolGenerator
from recurra.experiment.run import train
from recurra.experiment.symbols import read_symbols
from recurra.inputs.notes.midi import read_midi, write_midi
from recurra.inputs.notes.tune import Tune
from recurra.inputs.symbol import END
from recurra.tasks.language.config import LanguageConfig
from recurra.tasks.language.live import LiveLanguage
from recurra.tasks.language.task import LANGUAGE, prepare

EXAMPLE = Path(__file__).parents[3] / "examples" / "play_along.py"
SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
TUNES = [[[key + shift, key + shift - 12] for key in SCALE] * 3 for shift in (0, 2, 4, 5)] * 5
SMALL: dict[str, Any] = {
    "num_layers": 1, "hidden_size": 24, "max_epochs": 12, "learning_rate": 2e-2, "dropout": 0.0,
    "batch_size": 4, "sequence_length": 16,
}  # fmt: skip


@pytest.fixture(scope="module", params=["chords", "events"])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return LanguageModel(**SMALL, transpose=0, form=request.param).fit(TUNES)  # type: ignore[return-value]


def test_it_learns_and_tells_the_cost_of_a_step(model: LanguageModel) -> None:
    scores = {one.name: one.scores for one in model.evaluate().models}
    assert list(scores["recurra"]) == ["nats_per_step", "nats_per_note", "perplexity"]
    assert scores["recurra"]["nats_per_step"] < 0.7 * scores["unigram"]["nats_per_step"]
    part = LANGUAGE.part([TUNES[0], TUNES[1]], model.fitted_, None)
    told = LANGUAGE.answer(model.fitted_, part)
    steps, notes = 48, 96
    nats = float(told.surprise.sum())
    assert LANGUAGE.score(model.fitted_.schema, part, told) == pytest.approx({
        "nats_per_step": nats / steps,
        "nats_per_note": nats / notes,
        "perplexity": np.exp(nats / len(part)),
    })  # fmt: skip
    rows = model.predict([TUNES[0], TUNES[1]])
    assert rows["nats_per_step"].sum() * steps / 2 == pytest.approx(nats, rel=1e-5)


def test_a_stream_tells_what_a_file_is_told(model: LanguageModel) -> None:
    alphabet = model.fitted_.schema.alphabet
    live = LiveLanguage(model.to_program())
    words = alphabet.content(alphabet.ids(Tune.of_chords(TUNES[3]))).split(" ")
    bits = [
        live.predict({"notes": " ".join(words[at : at + 3])}).values["bits"] for at in range(0, len(words), 3)
    ]
    end = live.predict({"sequence_end": True}).values["bits"]
    part = LANGUAGE.part([TUNES[3]], model.fitted_, None)
    whole = LANGUAGE.answer(model.fitted_, part).surprise.sum() / np.log(2)
    assert sum(bits) + end == pytest.approx(whole, abs=0.02)


def test_what_it_makes_is_a_tune_and_the_same_for_a_seed(model: LanguageModel) -> None:
    alphabet = model.fitted_.schema.alphabet
    texts = ["".join(model.generate(length=60, seed=seed, temperature=1.0)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    before = [END]
    for number in alphabet.ids(texts[0]).tolist():
        assert number in alphabet.following(before)
        before.append(number)
    prompt = alphabet.content(alphabet.ids(Tune.of_chords(TUNES[0][:8])))
    kept = "".join(model.generate(prompt, length=80, key="kept", temperature=2.0))
    assert {int(key) % 12 for key in alphabet.tune(alphabet.ids(kept)).keys} <= {key % 12 for key in SCALE}
    with pytest.raises(ConfigError, match="Did you mean 'harmonise'"):
        model.generate(harmonize="C4 |")


def test_a_file_that_sets_its_parts_apart_is_judged_by_its_test_part(
    model: LanguageModel, tmp_path: Path
) -> None:
    path = tmp_path / "parts.json"
    path.write_text(json.dumps({"train": TUNES[:8], "valid": TUNES[8:11], "test": TUNES[11:13]}))
    judged = LANGUAGE.part(path, model.fitted_, None)
    assert judged.table.frame["document"].to_list() == ["parts.json, test 1", "parts.json, test 2"]
    prepared = prepare(read_symbols(LanguageConfig, path, {**SMALL, "transpose": 1}, None, None))
    assert prepared.validation is not None
    assert prepared.test is not None
    held = [sum(part.sizes["step"]) for part in (prepared.train, prepared.validation, prepared.test)]
    assert held == [3 * 8 * 24, 3 * 24, 2 * 24]
    other = prepare(read_symbols(LanguageConfig, path, {**SMALL, "transpose": 0}, None, TUNES[:1]))
    assert other.test is not None
    assert sum(other.test.sizes["step"]) == 24
    assert judged.repairs[-1] == "only what the source sets apart to test on is told: 2 documents"
    given = prepare(read_symbols(LanguageConfig, TUNES, {**SMALL, "transpose": 0}, path, path))
    assert given.validation is not None
    assert given.test is not None
    assert [len(part.ends) for part in (given.validation, given.test)] == [3, 2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "tunes").mkdir()
    for number, tune in enumerate(TUNES):
        joined = Tune.of_chords(tune).joined()
        (folder / "tunes" / f"{number}.mid").write_bytes(write_midi(joined, 4, 90.0))
    settings = {**SMALL, "max_epochs": 3, "transpose": 1}
    train(LANGUAGE, str(folder / "tunes"), settings, folder / "run")
    return folder / "run"


def test_a_run_of_a_folder_of_midi_makes_files(run: Path, tmp_path: Path) -> None:
    melody = tmp_path / "melody.mid"
    melody.write_bytes(write_midi(Tune.of_notes([0, 4, 8], [4, 4, 4], [72, 71, 72]), 4, 111.0))
    full, tune = tmp_path / "full.mid", tmp_path / "tune.wav"
    assert main(["generate", str(run), "--harmonise", str(melody), "-o", str(full)]) == 0
    found = read_midi(full, 4, drums=False).tune
    assert (found.steps, found.tempo) == (12, pytest.approx(111, abs=0.01))
    assert found.keys[found.onsets == 0].max() == 72
    arguments = ["--prompt", str(melody), "--key", "kept", "--length", "30", "--samples", "2"]
    assert main(["generate", str(run), *arguments, "-o", str(tune)]) == 0
    assert sorted(one.name for one in tmp_path.glob("*.wav")) == ["tune-0.wav", "tune-1.wav"]


def test_names_of_files_are_looked_at_before_anything_is_made(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: Any) -> None:
        raise AssertionError(f"drawn: {arguments}")

    assert main(["generate", str(run), "--length", "9", "-o", str(tmp_path / "tune.txt")]) == 0
    monkeypatch.setattr(SymbolGenerator, "generate", refused)
    for name in ("tune.mp3", "tune.npz", "tune.json"):
        assert main(["generate", str(run), "-o", str(tmp_path / name)]) == 2
        assert f"a file {name[4:]}; expected one of .mid, .midi" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert main(["generate", str(run), "-o", str(tmp_path / "tune.ogg")]) != 0
    assert "no soundfile" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["tune.txt"]


def test_its_report_draws_plays_and_counts(run: Path) -> None:
    sections = {one["id"]: one for one in json.loads((run / "sections.json").read_text())["sections"]}
    kinds = [piece["kind"] for piece in sections["samples"]["pieces"]]
    assert kinds[:2] == ["picture", "audio"]
    assert kinds.count("picture") == 5
    counts, *heats = sections["statistics"]["pieces"]
    assert counts["rows"][0][0] == "The data"
    assert counts["rows"][0][4] == "100%"
    for heat in heats:
        assert all(sum(shares) == pytest.approx(1) for shares in heat["shares"] if any(shares))
    assert heats[0]["columns"][0] == "1"
    text = (run / "report.html").read_text()
    assert len(re.findall("<audio", text)) == 5
    config = json.loads((run / "config.json").read_text())
    assert config["schema"]["alphabet"]["tempo"] == 90
    assert "also read in other keys" in text


@pytest.mark.parametrize("replays", [False, True])
def test_the_example_goes_on_with_what_it_hears(
    run: Path, tmp_path: Path, replays: bool, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    theme, whole = tmp_path / "theme.mid", tmp_path / "whole.mid"
    theme.write_bytes(write_midi(Tune.of_notes([0, 1, 2], [1, 1, 1], [72, 74, 76]), 4, 90.0))
    arguments = ["--steps", "3", "--pace", "1000", "-o", str(whole)]
    monkeypatch.setattr("sys.argv", ["play_along", str(run), *([str(theme)] if replays else []), *arguments])
    monkeypatch.setattr("sys.stdin", io.StringIO("C5\nD5\nE5\n\nA5\n"))
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("C5 |")
    assert [line[:2] for line in lines[-3:]] == ["->"] * 3
    assert read_midi(whole, 4, drums=False).tune.keys[:3].tolist() == [72, 74, 76]


def test_abc_is_learnt_as_text(tmp_path: Path) -> None:
    tune = "X:1\nT:A scale\nM:4/4\nK:C\nCDEF GABc|cBAG FEDC|\n\n"
    (tmp_path / "tunes.abc").write_text(tune * 40)
    fitted = LanguageModel(**SMALL).fit(tmp_path)
    assert fitted.fitted_.schema.input == "corpus"
    assert "CDEF" in "".join(fitted.generate("K:C\n", length=40, temperature=0.0))

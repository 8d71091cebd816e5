"""Handwriting as text."""

import json
from pathlib import Path

import pytest

from recurra import Transcriber
from recurra.cli.app import main
from recurra.inputs.generated_ink import LETTERS, letter_rows, word_rows


def test_handwriting_is_transcribed_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = tmp_path / "ink.jsonl", tmp_path / "run"
    word_rows(40).write_ndjson(data)
    assert main(["train", "transcribe", str(data), "--out", str(run), "hidden_size=8", "max_epochs=1"]) == 0
    page = (run / "report.html").read_text()
    assert "Where it told what" in page
    assert "Ink statistics, nearest example" in page
    capsys.readouterr()
    assert main(["predict", str(run), str(data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["transcribe"]
    assert len(told) == 40
    assert isinstance(told[0]["prediction"], str)


def test_letters_are_learnt() -> None:
    """Three of them, one at a time, by the loss of unaligned sequences."""
    rows = letter_rows(len(LETTERS) * 40).rename({"label": "text"})
    few = rows.filter(rows["text"].is_in(["a", "k", "s"]))
    settings = {"hidden_size": 24, "num_layers": 1, "max_epochs": 25, "learning_rate": 1e-2, "device": "cpu"}
    transcriber = Transcriber(**settings).fit(few)
    assert transcriber.config_.position == "height"
    assert transcriber.evaluate().models[0].scores["cer"] < 0.3  # type: ignore[operator]

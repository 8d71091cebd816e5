"""Letters of pen strokes from a file to a live stream, through the classifier and its command."""

import json
from pathlib import Path

import pytest
from tests.cli.program import feed

from recurra import Classifier
from recurra.cli.app import main
from recurra.inputs.generated_ink import letter_rows
from recurra.tasks.classify.live import LiveClassifier

ROWS = letter_rows(78)


def test_letters_are_learnt() -> None:
    settings = {"hidden_size": 32, "max_epochs": 25, "baselines": (), "device": "cpu", "learning_rate": 1e-2}
    few = letter_rows(26 * 16)
    four = few.filter(few["label"].is_in(["a", "k", "s", "w"]))
    classifier = Classifier(**settings).fit(four)
    assert classifier.config_.input == "strokes"
    assert classifier.score() > 0.8


def test_every_point_is_told_live(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, run = tmp_path / "ink.jsonl", tmp_path / "run"
    ROWS.write_ndjson(data)
    given = ["bidirectional=false", "pooling=last", "size=data", "spacing=0", "hidden_size=4", "max_epochs=1"]
    assert main(["train", "classify", str(data), "--out", str(run), "baselines=", *given]) == 0
    assert "strokes of" in (run / "report.html").read_text().lower()
    capsys.readouterr()
    assert main(["predict", str(run), str(data), "--json"]) == 0
    offline = json.loads(capsys.readouterr().out)["classify"]
    strokes = ROWS["strokes"][7].to_list()
    lines = [
        {"sequence_id": 0, "x": x, "y": y, "pen": int(at == len(one) - 1)}
        for one in strokes
        for at, (x, y) in enumerate(one)
    ]
    feed(monkeypatch, "".join(json.dumps(one) + "\n" for one in lines).encode())
    assert main(["stream", str(run)]) == 0
    told = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert len(told) == len(lines)
    assert told[-1]["prediction"] == offline[7]["prediction"]
    live = LiveClassifier(Classifier.load(run).to_program()).predict({"strokes": strokes}).values
    assert live["prediction"] == offline[7]["prediction"]


def test_what_does_not_stream_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, run = tmp_path / "ink.jsonl", tmp_path / "run"
    ROWS.write_ndjson(data)
    given = ["bidirectional=false", "pooling=last", "hidden_size=4", "max_epochs=1", "baselines="]
    assert main(["train", "classify", str(data), "--out", str(run), *given]) == 0
    capsys.readouterr()
    assert main(["stream", str(run)]) == 2
    assert "Train with size=data spacing=0" in capsys.readouterr().err
    assert Classifier.load(run).predict(ROWS.head(3))["prediction"].len() == 3

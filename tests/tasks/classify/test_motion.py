"""Motions from a file to a live stream, through the classifier and its command."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.program import feed

from recurra import Classifier
from recurra.cli.app import main
from recurra.inputs.generated_motion import ACTIONS, gesture_rows
from recurra.tasks.classify.live import LiveClassifier

ROWS = gesture_rows(28)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    settings = {"bidirectional": False, "pooling": "max", "hidden_size": 8, "max_epochs": 2, "turn": True}
    return Classifier(**settings, baselines=(), device="cpu").fit(ROWS, validation=ROWS, test=ROWS)


def test_every_frame_is_told_live_and_a_state_goes_on(classifier: Classifier) -> None:
    assert classifier.config_.input == "motion"
    frames = ROWS["frames"][2].to_list()
    live, again = (LiveClassifier(classifier.to_program()) for _ in range(2))
    told = []
    for number, frame in enumerate(frames):  # beside another motion, which changes nothing
        told.append(live.predict({"sequence_id": "a", "frames": frame}).values)
        live.predict({"sequence_id": "b", "frames": ROWS["frames"][3].to_list()[0]})
        if number == len(frames) // 2:
            again.restore(live.snapshot())
        elif number > len(frames) // 2:
            assert again.predict({"sequence_id": "a", "frames": frame}).values == told[-1]
    whole = LiveClassifier(classifier.to_program()).predict({"frames": frames}).values
    assert whole == told[-1]
    offline = classifier.predict(ROWS[2:3].drop("label"))
    names = [f"p_{name}" for name in ACTIONS]
    np.testing.assert_allclose([whole[name] for name in names], offline.select(names).row(0), atol=1e-5)


def test_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, run = tmp_path / "moves.npz", tmp_path / "run"
    pieces = [np.array(one, np.float32) for one in ROWS["frames"].to_list()]
    lengths, labels = np.array([len(one) for one in pieces]), np.array(ROWS["label"])
    np.savez(data, frames=np.concatenate(pieces), lengths=lengths, label=labels)
    given = ["bidirectional=false", "hidden_size=4", "max_epochs=1", "baselines="]
    assert main(["train", "classify", str(data), "--out", str(run), *given]) == 0
    assert "The body in some of its" in (run / "report.html").read_text()
    lines = [{"sequence_id": 0, "frames": frame} for frame in pieces[0].tolist()]
    feed(monkeypatch, "".join(json.dumps(one) + "\n" for one in lines).encode())
    capsys.readouterr()
    assert main(["predict", str(run), str(data), "--json"]) == 0
    offline = json.loads(capsys.readouterr().out)
    assert main(["stream", str(run)]) == 0
    told = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert len(told) == len(lines)
    assert {one["prediction"] for one in told} <= set(ACTIONS)
    assert told[-1]["prediction"] == offline["classify"][0]["prediction"]
    pl.DataFrame({"frames": [pieces[0][:, :3].tolist()]}).write_ndjson(tmp_path / "other.jsonl")
    assert main(["predict", str(run), str(tmp_path / "other.jsonl")]) == 2
    assert "a motion of 3 joints in 3 dimensions; expected 15 joints in 3" in capsys.readouterr().err

"""The command over tasks that it does not know: trained, scored, used, reported and streamed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.cli.program import call

SMALL = ("hidden_size=8", "max_epochs=2", "batch_size=8", "--quiet")


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    words = [["poor", "awful", "dull", "bad"], ["fine", "lovely", "great", "good"]]
    rows = [(label, random.choice(words[label])) for label in random.integers(0, 2, 60).tolist()]
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\n" + "".join(f"the film was {word},{label}\n" for label, word in rows))
    return path


def test_a_classifier_from_the_file_to_the_stream(capsys, monkeypatch, reviews: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ("bidirectional=false", "pooling=last", "--json", "--out", str(run))
    outcome = call(capsys, "train", "classify", str(reviews), *SMALL, *options)
    assert outcome.code == 0
    document = json.loads(outcome.out)
    assert document["metrics"][0]["name"] == "accuracy"
    kinds = {model["name"]: model["kind"] for model in document["models"]}
    assert kinds == {
        "recurra": "recurrent",
        "feed_forward": "neural",
        "convolutional": "neural",
        "majority": "naive",
        "linear": "linear",
    }
    again = json.loads(call(capsys, "evaluate", str(run), str(reviews), "--json").out)
    assert {model["name"] for model in again["models"]} == kinds.keys()
    assert again["reference"] == document["reference"] == "linear"
    assert (document["judged"], again["judged"]) == ("5 examples in the test part", "60 examples")
    told = call(capsys, "predict", str(run), str(reviews), "probabilities=no")
    assert told.out.splitlines()[0] == "label,prediction"
    page = (run / "report.html").read_text()
    assert "Truth and answer" in page
    assert "60 examples" not in page
    assert json.loads((run / "stream" / "config.json").read_text())["metadata"]["task"] == "classify"


def test_the_settings_of_a_run_without_recurrence_name_none(capsys, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ("train", "classify", "sample:iris", "max_epochs=1", "--quiet", "--out", str(run))
    assert call(capsys, *command).code == 0
    settings = (run / "config.yaml").read_text()
    assert "\nhidden_size: 64\n" in settings
    assert not any(f"\n{key}: " in settings for key in ("cell", "bidirectional", "pooling"))
    assert call(capsys, *command, "--resume").code == 0


@pytest.mark.parametrize("task", ["classify", "tag"])
def test_the_column_to_tell_is_an_option_too(capsys, task: str) -> None:
    assert "--label COLUMN" in call(capsys, "train", task, "--help").out


def test_the_example_of_the_help_runs(capsys, monkeypatch, reviews: Path, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    reviews.write_text(reviews.read_text().replace("text,label", "text,sentiment"))
    assert call(capsys, "train", "classify", "reviews.csv", "--label", "sentiment", *SMALL).code == 0
    assert "label: sentiment" in (tmp_path / "runs" / "classify-reviews-1" / "config.yaml").read_text()


def test_what_is_streamed_is_what_is_predicted(capsys, reviews: Path, tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    options = ("bidirectional=false", "pooling=last", "baselines=", "--out", run)
    assert call(capsys, "train", "classify", str(reviews), *SMALL, *options).code == 0
    texts = [line.partition(",")[0] for line in reviews.read_text().splitlines()[1:6]]
    rows = "".join(
        json.dumps({"sequence_id": number, "text": text}) + "\n" for number, text in enumerate(texts)
    )
    lines = subprocess.run(
        [sys.executable, "-m", "recurra", "stream", run],
        input=rows,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    told = json.loads(call(capsys, "predict", run, str(reviews), "--json").out)["classify"]
    for number, (line, expected) in enumerate(zip(map(json.loads, lines), told[:5], strict=True)):
        assert line["sequence_id"] == number
        assert line["prediction"] == expected["prediction"]
        assert line["p_1"] == pytest.approx(expected["p_1"], abs=1e-5)


def test_a_level_for_a_classifier_is_a_mistake(capsys, reviews: Path, tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    assert call(capsys, "train", "classify", str(reviews), *SMALL, "baselines=", "--out", run).code == 0
    outcome = call(capsys, "predict", run, str(reviews), "--level", "80")
    assert outcome.code == 2
    assert "--level for a run of task classify; expected an option of its answers: probab" in outcome.err
    outcome = call(capsys, "predict", run, str(reviews), "probability=no")
    assert outcome.code == 2
    assert "probabilities" in outcome.err


def test_a_tagger_of_conll(capsys, tmp_path: Path) -> None:
    path, run = tmp_path / "names.conll", tmp_path / "run"
    path.write_text("they O\nsaw O\nrome B-LOC\n\nthey O\nleft O\nmiss B-PER\nrome I-PER\n\n" * 20)
    outcome = call(capsys, "train", "tag", str(path), *SMALL, "--out", str(run))
    assert outcome.code == 0
    assert "Span F1" in outcome.out
    told = call(capsys, "predict", str(run), str(path), "long=yes")
    assert told.out.splitlines()[:2] == ["row,step,token,prediction", "1,1,they,O"]
    assert "rome" in (run / "report.html").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("text,label\n", "no rows"),
        ("text,label\ngood,yes\nfine,yes\nlovely,yes\n", "holds 'yes' everywhere"),
        ("text,label\ngood,yes\nbad\n", "line 3"),
        (b"text,label\ncaf\xe9 was good,yes\n", "byte 0xe9 at position 14"),
    ],
)
def test_bad_files_are_told(capsys, tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "reviews.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    outcome = call(capsys, "train", "classify", str(path), "input=text", "--out", str(tmp_path / "run"))
    assert outcome.code == 2
    assert message in outcome.err
    assert not (tmp_path / "run").exists()


def test_a_net_of_rows_says_why_it_does_not_stream(capsys, tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    assert call(capsys, "train", "classify", "sample:iris", *SMALL, "--out", run).code == 0
    outcome = call(capsys, "stream", run)
    assert outcome.code == 2
    assert "does not stream: input 'table', whose rows are single steps" in outcome.err
    assert "bidirectional" not in outcome.err

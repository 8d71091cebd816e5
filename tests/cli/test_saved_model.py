"""What an estimator saved, given to the commands that take runs."""

import polars as pl
import pytest
from tests.cli.program import call
from tests.diagnosis.test_task import labelled

from recurra import Classifier


@pytest.fixture
def saved(tmp_path):
    classifier = Classifier(hidden_size=6, max_epochs=1, device="cpu").fit(labelled())
    labelled().write_ndjson(tmp_path / "data.jsonl")
    classifier.save(tmp_path / "net")
    return classifier, tmp_path / "net", tmp_path / "data.jsonl"


def test_it_predicts_explains_and_is_scored(saved, tmp_path, capsys):
    classifier, net, data = saved
    told = tmp_path / "told.csv"
    assert call(capsys, "predict", net, data, "-o", told).code == 0
    columns = classifier.predict(labelled()).columns
    assert pl.read_csv(told).select(columns).equals(classifier.predict(labelled()).select(columns))
    explained = call(capsys, "explain", net, data, "--rows", 1, "--out", tmp_path / "page.html")
    assert (explained.code, "The shares add up" in explained.out) == (0, True), explained
    assert "Accuracy" in call(capsys, "evaluate", net, data).out


def test_what_it_does_not_know_is_told(saved, capsys):
    _, net, _ = saved
    for words in (("doctor", net), ("train", "classify", "--out", net, "--resume")):
        outcome = call(capsys, *words)
        assert (outcome.code, outcome.out) == (2, "")
        assert "knows nothing of its training" in outcome.err
    assert "holds no scores;" in call(capsys, "evaluate", net).err


def test_files_that_changed_are_noticed(saved, capsys):
    _, net, data = saved
    weights = net / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + bytes(4))
    for command in ("predict", "explain", "evaluate"):
        outcome = call(capsys, command, net, data)
        assert (outcome.code, "model.safetensors" in outcome.err) == (2, True), outcome

"""Training once more on everything, and runs without a test part, for tasks over examples."""

import json
from pathlib import Path

import polars as pl
import torch
from tests.cli.program import call

from recurra import Classifier, Tagger

SMALL = {"hidden_size": 4, "max_epochs": 2, "batch_size": 8}
ROWS = pl.DataFrame({"text": ["good film", "bad film", "fine", "dull"] * 15, "label": ["y", "n"] * 30})


def test_the_classifier_keeps_its_temperature_and_its_scores() -> None:
    one, both = (Classifier(**SMALL, refit=refit).fit(ROWS, show_progress=False) for refit in (False, True))
    assert one.evaluate().models[0].scores == both.evaluate().models[0].scores
    assert not one.predict(ROWS).equals(both.predict(ROWS))
    assert torch.equal(one.fitted_.model.temperature, both.fitted_.model.temperature)
    assert both.evaluate().to_frame()["model"][0] == "recurra"
    assert "accuracy" in both.history_.columns or "valid_accuracy" in both.history_.columns


def test_the_classifier_takes_a_dict_and_writes_a_page(tmp_path: Path) -> None:
    classifier = Classifier(**SMALL).fit(ROWS.to_dict(as_series=False), show_progress=False)
    assert "Majority" in classifier.report(tmp_path / "page.html").read_text()
    assert "accuracy" in repr(classifier).lower()


def test_the_tagger_refits() -> None:
    steps = pl.DataFrame({"tokens": [["a", "cat"], ["the", "dog"]] * 20, "tags": [["D", "N"]] * 40})
    tagger = Tagger(**SMALL, refit=True).fit(steps, show_progress=False)
    assert tagger._scored is not tagger.fitted_
    assert tagger.predict(steps).height == 40


def test_a_run_that_goes_on_keeps_one_refit_and_its_times(capsys, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = ("max_epochs=1", "hidden_size=4", "refit=true", "patience=none", "--out", run)
    assert call(capsys, "train", "classify", "sample:iris", *settings).code == 0
    (kept,) = (run / "refit").iterdir()
    stale = kept.with_name("7-epochs")
    stale.mkdir()
    (stale / "history.jsonl").touch()
    outcome = call(capsys, "train", "classify", "--out", run, "--resume", "max_epochs=4", "--json")
    assert outcome.code == 0, outcome.err
    assert len([*(run / "refit").iterdir()]) == 1
    trained = {one["name"]: one["seconds"] for one in json.loads(outcome.out)["models"]}
    again = json.loads(call(capsys, "evaluate", run, "sample:iris", "--json").out)["models"]
    for one in again:
        if one["kind"] != "naive":
            assert one["seconds"] == trained[one["name"]] is not None


def test_a_run_without_a_test_part_trains_on_everything(capsys, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = ("max_epochs=1", "hidden_size=4", "test_size=0", "refit=true", "--out", run)
    outcome = call(capsys, "train", "classify", "sample:iris", *settings, "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out) == {"run": str(run), "interrupted": False, "metrics": []}
    scores = call(capsys, "evaluate", run)
    assert (scores.code, scores.out) == (2, "")
    assert "holds no scores: test_size=0 kept nothing to score on" in scores.err
    assert call(capsys, "evaluate", run, "sample:iris").code == 0
    assert call(capsys, "predict", run, "sample:iris").code == 0
    assert call(capsys, "report", run).code == 0

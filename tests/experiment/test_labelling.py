"""What tasks over examples share: which truth is read when, what is known of it, and where faults stand."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.program import call

from recurra import Classifier
from recurra.errors import ConfigError, DataError

SMALL = {"hidden_size": 8, "max_epochs": 1, "batch_size": 8}


def reviews(rows: int = 40) -> pl.DataFrame:
    return pl.DataFrame(
        {"text": ["a good one", "a bad one"] * (rows // 2), "label": ["y", "n"] * (rows // 2)}
    )


@pytest.mark.parametrize("labels", [["y", None], ["y", "maybe"]])
def test_no_truth_is_read_where_an_answer_is_asked_for(labels: list[str | None]) -> None:
    classifier = Classifier(**SMALL).fit(reviews())
    rows = reviews(2).with_columns(pl.Series("label", labels))
    assert classifier.predict(rows)["label"].to_list() == labels
    with pytest.raises(DataError, match="row 2: label is"):
        classifier.evaluate(rows)


def test_a_class_that_comes_once_is_known_in_whatever_part_it_lands() -> None:
    rows = pl.DataFrame({"text": ["a good one"] * 20, "label": [["a", "b"], ["b"]] * 9 + [["c"], ["d"]]})
    found = set()
    for seed in range(6):
        target = (
            Classifier(**SMALL, seed=seed, validation_size=0.3, test_size=0.3).fit(rows).fitted_.schema.target
        )
        assert target.labels == ("a", "b", "c", "d")
        found.add(target.counts[2:])
    assert len(found) > 1
    other = pl.DataFrame({"text": ["a good one"], "label": [["e"]]})
    with pytest.raises(DataError, match="row 1: label is 'e', which the training part does not hold"):
        Classifier(**SMALL).fit(rows, test=other)


def test_no_test_part_is_told_with_its_reason(capsys, tmp_path: Path) -> None:
    path, run = tmp_path / "few.csv", tmp_path / "run"
    path.write_text("text,label\n" + "".join(f"it was a word{row} one,{row}x\n" for row in range(6)))
    outcome = call(capsys, "train", "classify", str(path), "--quiet", "--out", str(run))
    assert outcome.code == 2
    assert "6 examples, of which test_size=0.1 takes none" in outcome.err
    assert "is 0" not in outcome.err
    assert not run.exists()


def test_what_cannot_be_encoded_is_told_with_its_place(tmp_path: Path) -> None:
    rows = pl.DataFrame({"a": [1.0, 2.0, 3.0, 4.0] * 5, "b": [4, 2, 3, 1] * 5, "label": ["x", "y"] * 10})
    classifier = Classifier(**SMALL, input="table").fit(rows)
    with pytest.raises(DataError, match="row 3: column 'a' holds inf"):
        classifier.predict(rows[:4].with_columns(pl.Series("a", [1.0, 2.0, np.inf, 4.0])))


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("classify", (), "tbptt_steps is 2 with one target a sequence"),
        ("tag", (), "tbptt_steps is 2 with network=recurrent bidirectional=True"),
        ("tag", ("bidirectional=false", "network=convolutional"), "network=convolutional"),
        ("tag", ("bidirectional=false", "output=crf"), "look_ahead=0 output=crf"),
        ("tag", ("bidirectional=false", "look_ahead=1"), "look_ahead=1 output=softmax"),
    ],
)
def test_chunks_that_no_state_joins_are_refused_before_a_file_is_written(
    capsys, tmp_path: Path, task: str, options: tuple[Any, ...], message: str
) -> None:
    path, run = tmp_path / "data.jsonl", tmp_path / "run"
    path.write_text(
        '{"tokens":["a","b"],"tags":["X","Y"],"label":"p"}\n{"tokens":["b"],"tags":["Y"],"label":"q"}\n' * 20
    )
    given = (str(path), "tbptt_steps=2", f"label={'tags' if task == 'tag' else 'label'}", *options)
    outcome = call(capsys, "train", task, *given, "--quiet", "--out", str(run))
    assert outcome.code == ConfigError.exit_code
    assert message in outcome.err
    assert not run.exists()

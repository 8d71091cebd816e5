"""What a task tells is never what its net reads, and every run says which column is which."""

from typing import Any

import polars as pl
import pytest

from recurra import Classifier, Tagger
from recurra.errors import DataError
from recurra.experiment.examples import Data
from recurra.tasks.classify.task import LABELLING as CLASSIFY
from recurra.tasks.tag.task import LABELLING as TAG

WORDS = [["they", "saw", "rome"], ["we", "left"]] * 6
STATES = [["a", "a", "b"], ["b", "b"]] * 6
VALUES = [[1.0, 2.0, 3.0], [4.0, 5.0]] * 6
LABELS = ["yes", "no"] * 6
PROSE = ["it is quite good to see", "it is rather bad to hear"] * 6


def read(labelling: Any, frame: dict[str, Any], **settings: Any) -> Data:
    return labelling.read(pl.DataFrame(frame), settings, None, None)


@pytest.mark.parametrize(
    ("columns", "input", "reads", "told"),
    [
        ({"x": VALUES, "states": STATES, "label": LABELS}, "series", ("x",), "label"),
        ({"x": VALUES, "tags": [[1, 1, 0], [0, 0]] * 6, "mood": LABELS}, "series", ("x",), "mood"),
        ({"tokens": WORDS, "tags": STATES, "mood": LABELS}, "text", ("tokens",), "mood"),
        ({"tokens": WORDS, "tags": STATES}, "text", ("tokens",), "tags"),
        ({"stars": [1, 5] * 6, "remark": PROSE}, "text", ("remark",), "stars"),
        ({"text": PROSE, "labels": [["u", "v"], ["v"]] * 6, "more": [1, 2] * 6}, "text", ("text",), "labels"),
        ({"a": [1, 2] * 6, "b": [3, 4] * 6, "kind": LABELS}, "table", ("a", "b"), "kind"),
        ({"id": [1, 1, 2, 2] * 3, "x": range(12), "y": [7, 7, 8, 8] * 3}, "series", ("x",), "y"),
    ],
)
def test_a_classifier_reads_no_truth(columns: Any, input: str, reads: Any, told: str) -> None:
    data = read(CLASSIFY, columns)
    assert (data.input.name, data.train.reads, data.train.kept.told) == (input, reads, told)


@pytest.mark.parametrize(
    ("columns", "input", "reads", "told"),
    [
        ({"x": VALUES, "state": [[1, 1, 0], [0, 0]] * 6}, "series", ("x",), "state"),
        ({"tokens": WORDS, "upos": STATES, "tags": STATES}, "text", ("tokens",), "tags"),
        ({"states": STATES, "x": VALUES}, "series", ("x",), "states"),
    ],
)
def test_a_tagger_reads_no_truth(columns: Any, input: str, reads: Any, told: str) -> None:
    data = read(TAG, columns)
    assert (data.input.name, data.train.reads, data.train.kept.told) == (input, reads, told)


def test_y_varies_and_is_a_channel() -> None:
    data = read(CLASSIFY, {"id": [1, 1, 2, 2], "x": range(4), "y": range(4), "kind": ["a", "a", "b", "b"]})
    assert (data.train.reads, data.train.kept.told) == (("x", "y"), "kind")


def test_a_column_is_not_both_read_and_told() -> None:
    columns = {"a": [1, 2] * 6, "kind": LABELS}
    with pytest.raises(DataError, match="columns names 'kind' of the table, which is to be told"):
        read(CLASSIFY, columns, label="kind", columns=("a", "kind"))


def test_what_was_auto_is_settled_and_said_and_what_is_missing_later_is_an_error() -> None:
    frame = pl.DataFrame(
        {"text": [f"{one} {two}" for one, two in zip(PROSE, LABELS, strict=True)], "mood": LABELS}
    )
    small = {"hidden_size": 4, "max_epochs": 1, "validation_size": 0.2, "test_size": 0.2}
    classifier = Classifier(**small).fit(pl.concat([frame] * 3))
    assert (classifier.config_.text, classifier.config_.label) == ("text", "mood")
    assert classifier.repairs_[0] == "reads text, tells mood"
    facts = dict(classifier.evaluate().data.facts)
    assert (facts["Reads"], facts["Tells"]) == ("text", "mood")
    assert classifier.evaluate().title.endswith("2 classes of mood")
    with pytest.raises(DataError, match="no such column as 'text'"):
        classifier.predict(frame.rename({"text": "title"}))
    assert classifier.predict(["it is good"]).height == 1


def test_a_missing_tag_is_named_by_its_line(tmp_path: Any) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"tokens":["a"],"tags":["x"]}\n\n{"tokens":["a","b"],"tags":["x"]}\n' * 9)
    with pytest.raises(DataError, match=r"a\.jsonl, line \d+: 1 tag for 2 steps"):
        Tagger(max_epochs=1).fit(path)

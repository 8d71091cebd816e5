"""What a model's description says of its input."""

import json
from pathlib import Path
from urllib.request import urlopen

import polars as pl
import pytest
from tests.serving.conftest import serving

import recurra
from recurra.inputs.samples import load_sample
from recurra.serving.facts import facts, labels_of
from recurra.serving.guard import Guard


def described(address: str) -> dict[str, dict[str, object]]:
    with urlopen(f"http://{address}/v1/models") as answer:
        return {one["name"]: one for one in json.load(answer)["models"]}


def test_columns_of_series_are_told_with_what_they_are(address):
    reads = described(address)["sales"]["reads"]
    assert (reads["target"], reads["time"]) == ("y", "ds")
    assert {"name": "ds", "kind": "time"} in reads["columns"]
    assert {"name": "y", "kind": "number"} in reads["columns"]


def test_columns_and_labels_of_a_table_that_does_not_stream_are_told(address):
    iris = described(address)["iris"]
    assert iris["input"] == "table"
    assert [one["name"] for one in iris["reads"]["columns"]] == load_sample("iris").columns[:-1]
    assert sorted(iris["labels"]) == ["setosa", "versicolor", "virginica"]


@pytest.mark.parametrize(("name", "unit"), [("roles", "word"), ("topics", "character")])
def test_what_texts_are_cut_into_is_told(address, name, unit):
    assert described(address)[name]["reads"]["unit"] == unit


def test_categories_are_told(tmp_path):
    table = pl.DataFrame({"size": [1.0, 2.0] * 20, "colour": ["red", "blue"] * 20, "label": ["a", "b"] * 20})
    classifier = recurra.Classifier(hidden_size=4, max_epochs=1, baselines=(), input="table")
    classifier.fit(table, show_progress=False).save(tmp_path / "colours")
    with serving({"colours": tmp_path / "colours"}, Guard(), None) as found:
        columns = described(found)["colours"]["reads"]["columns"]
    assert columns[0] == {"name": "size", "kind": "number"}
    assert sorted(columns[1].pop("values")) == ["blue", "red"]
    assert columns[1] == {"name": "colour", "kind": "category"}


def test_a_program_by_itself_streams_and_predicts_nothing(runs: dict[str, Path], tmp_path: Path):
    recurra.Forecaster.load(runs["sales"]).to_program().save(tmp_path / "program")
    with serving({"program": tmp_path / "program"}, Guard(), None) as found:
        about = described(found)["program"]
    assert about["streams"]
    assert not about["predicts"]
    assert about["reads"]["target"] == "y"


def test_why_a_net_does_not_listen_is_told(tmp_path):
    said = recurra.Classifier(hidden_size=4, max_epochs=1, baselines=(), bidirectional=False, pooling="last")
    said.fit(load_sample("digits").head(30), show_progress=False).save(tmp_path / "said")
    with serving({"said": tmp_path / "said"}, Guard(), None) as found:
        assert "background" in described(found)["said"]["hears_not"]


def test_of_what_says_nothing_nothing_is_told():
    assert facts({}, {}) == {"input": None}
    assert labels_of({}, {}) == []

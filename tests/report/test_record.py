"""Records: what is written is read, what is wrong is named."""

import math

import pytest

from recurra.errors import DamagedError
from recurra.files import write_document
from recurra.report.record import (
    ExamplesRecord,
    MetricsRecord,
    read_examples,
    read_metrics,
    write_examples,
    write_metrics,
)

METRICS = {
    "task": "forecast",
    "metrics": ["mae"],
    "models": [{"name": "recurra", "label": "LSTM", "kind": "recurrent", "scores": {"mae": 1.25}}],
}
EXAMPLE = {
    "unique_id": "a",
    "origin": "2025-03-01T05:00:00",
    "history": {"ds": ["2025-03-01T05:00:00"], "y": [1.0]},
    "ds": ["2025-03-01T06:00:00", "2025-03-01T07:00:00"],
    "truth": [1.0, None],
    "forecast": [1.5, 2.0],
    "intervals": [{"level": 80.0, "lower": [1.0, 1.0], "upper": [2.0, 3.0]}],
    "baselines": {"drift": [1.0, 1.0]},
}


def test_what_is_written_is_read(tmp_path):
    metrics = MetricsRecord.model_validate(METRICS)
    examples = ExamplesRecord.model_validate({"examples": [EXAMPLE]})
    write_metrics(tmp_path, metrics)
    write_examples(tmp_path, examples)
    assert read_metrics(tmp_path) == metrics
    assert read_examples(tmp_path) == examples


def test_what_is_not_finite_becomes_null(tmp_path):
    scores = {"mae": math.nan, "rmse": math.inf}
    metrics = MetricsRecord.model_validate(METRICS | {"models": [METRICS["models"][0] | {"scores": scores}]})
    write_metrics(tmp_path, metrics)
    assert "NaN" not in (tmp_path / "metrics.json").read_text()
    assert read_metrics(tmp_path).models[0].scores == {"mae": None, "rmse": None}


def test_integer_times_stay_integers(tmp_path):
    history = {"ds": [5], "y": [1.0]}
    example = EXAMPLE | {"origin": 5, "ds": [6, 7], "history": history}
    write_examples(tmp_path, ExamplesRecord.model_validate({"examples": [example]}))
    assert read_examples(tmp_path).examples[0].ds == [6, 7]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": []}, "metrics"),
        ({"models": "none"}, "models"),
        ({"models": METRICS["models"] * 2}, "two models have the same name"),
        ({"subject": "nobody"}, "no model is named 'nobody'"),
        ({"per_series": {"gru": []}}, "no model is named 'gru'"),
        ({"per_series": {"recurra": [{"mae": 1.0}]}}, "has no unique_id"),
        ({"calibration": [{"level": 80, "coverage": 79.0}]}, "calibration.0.coverage"),
        ({"finished": "yesterday"}, "finished"),
    ],
)
def test_wrong_metrics_are_named(tmp_path, change, message):
    write_document(tmp_path / "metrics.json", METRICS | change, version=1)
    with pytest.raises(DamagedError, match=message):
        read_metrics(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"truth": [1.0]}, "unequal lengths"),
        ({"baselines": {"drift": [1.0]}}, "unequal lengths"),
        ({"intervals": [{"level": 80, "lower": [1.0], "upper": [2.0, 3.0]}]}, "unequal lengths"),
        ({"history": {"ds": [], "y": [1.0]}}, "unequal lengths"),
        ({"ds": []}, "examples.0.ds"),
        ({"ds": [1, 2]}, "some times are numbers"),
        ({"ds": ["noon", "night"]}, "examples.0.ds.0"),
        ({"forecast": ["high", "low"]}, "examples.0.forecast.0"),
    ],
)
def test_wrong_examples_are_named(tmp_path, change, message):
    write_document(tmp_path / "examples.json", {"examples": [EXAMPLE | change]}, version=1)
    with pytest.raises(DamagedError, match=message):
        read_examples(tmp_path)

"""Records: what is written is read, what is wrong is named."""

import dataclasses
import json
import math

import pytest

from recurra.errors import DamagedError
from recurra.files import write_document
from recurra.metrics.metric import metric
from recurra.report.record import MetricRecord, MetricsRecord, read_metrics, write_metrics

MAE = {"name": "mae", "label": "MAE"}
METRICS = {
    "task": "forecast",
    "metrics": [MAE],
    "models": [{"name": "recurra", "label": "LSTM", "kind": "recurrent", "scores": {"mae": 1.25}}],
}


def test_what_is_written_is_read(tmp_path):
    rows = {"recurra": [{"group": "a", "mae": 1.0}]}
    facts = {"facts": [("Series", "3")], "rows": 7}
    metrics = MetricsRecord.model_validate(METRICS | {"group": "series", "per_group": rows, "data": facts})
    write_metrics(tmp_path, metrics)
    assert read_metrics(tmp_path) == metrics


def test_programs_find_scores_by_name_and_metrics_describe_themselves(tmp_path):
    write_metrics(tmp_path, MetricsRecord.model_validate(METRICS))
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert document["models"][0]["scores"]["mae"] == 1.25
    assert document["metrics"][0] | {"note": ""} == {
        "name": "mae", "label": "MAE", "note": "", "better": "low", "target": 0.0, "unit": "", "short": "",
        "tolerance": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["mase", "accuracy", "coverage_80", "width_50", "support"])
def test_every_metric_has_a_record_like_itself(name):
    record = MetricRecord.of(metric(name))
    assert record.model_dump() == dataclasses.asdict(metric(name))


def test_scores_are_ranked_by_what_the_metric_says():
    mae, accuracy, coverage, width = (
        MetricRecord.of(metric(name)) for name in ("mae", "accuracy", "coverage_80", "width_80")
    )
    assert mae.badness(1.0) < mae.badness(2.0) < mae.badness(None) == math.inf
    assert accuracy.badness(0.9) < accuracy.badness(0.8)
    assert coverage.badness(0.79) < coverage.badness(0.7) < coverage.badness(0.99)
    assert width.badness(1.0) == math.inf


def test_a_score_too_far_from_its_target_is_told():
    covered = MetricRecord.of(metric("coverage_80"))
    assert [covered.miss(share) for share in (None, 0.71, 0.72, 0.8, 0.88, 0.89)] == [
        "", "below", "", "", "", "above"
    ]  # fmt: skip
    assert MetricRecord(name="x", label="x").miss(5.0) == ""


def test_scores_are_written_in_their_unit():
    def texts(name, *scores):
        return MetricRecord.of(metric(name)).texts(scores)

    assert texts("smape", 13.912, 9.328) == ["13.91\u202f%", "9.33\u202f%"]
    assert texts("mase", 1.193, 0.893) == ["1.193", "0.893"]
    assert texts("coverage_80", 0.789, None) == ["78.9\u202f%", "\u2013"]
    assert texts("accuracy", 0.9) == ["90.0\u202f%"]
    assert texts("support", 1234.0, 5.0) == ["1\u202f234", "5"]


def test_what_is_not_finite_becomes_null(tmp_path):
    scores = {"mae": math.nan, "rmse": math.inf}
    metrics = MetricsRecord.model_validate(METRICS | {"models": [METRICS["models"][0] | {"scores": scores}]})
    write_metrics(tmp_path, metrics)
    assert "NaN" not in (tmp_path / "metrics.json").read_text()
    assert read_metrics(tmp_path).models[0].scores == {"mae": None, "rmse": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": []}, "metrics"),
        ({"models": "none"}, "models"),
        ({"models": METRICS["models"] * 2}, "two models have the same name"),
        ({"subject": "nobody"}, "no model is named 'nobody'"),
        ({"metrics": [MAE, MAE]}, "two metrics have the same name"),
        ({"metrics": [MAE | {"better": "smaller"}]}, "metrics.0.better"),
        ({"per_group": {"gru": []}, "group": "series"}, "no model is named 'gru'"),
        ({"per_group": {"recurra": [{"mae": 1.0}]}, "group": "series"}, "names no group"),
        ({"per_group": {"recurra": [{"group": "a"}]}}, "group does not say what they are"),
        ({"finished": "yesterday"}, "finished"),
    ],
)
def test_wrong_metrics_are_named(tmp_path, change, message):
    write_document(tmp_path / "metrics.json", METRICS | change, version=1)
    with pytest.raises(DamagedError, match=message):
        read_metrics(tmp_path)

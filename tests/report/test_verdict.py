"""The judgement says what the scores say: better, worse, on a par, or nothing."""

import pytest

from recurra.report.record import MetricsRecord
from recurra.report.verdict import reference_of, relative, series_pairs, subject_of, verdict, wins


def record(subject=0.5, naive=1.0, others=(), **more):
    models = [
        {"name": "last_value", "label": "Last value", "kind": "naive", "scores": {"mase": 3.0}},
        {"name": "seasonal_naive", "label": "Seasonal naive", "kind": "naive", "scores": {"mase": naive}},
        {"name": "recurra", "label": "LSTM", "kind": "recurrent", "scores": {"mase": subject}},
    ]
    models += [
        {"name": f"other{index}", "label": f"Other {index}", "kind": "neural", "scores": {"mase": score}}
        for index, score in enumerate(others)
    ]
    return MetricsRecord.model_validate({"task": "forecast", "metrics": ["mase"], "models": models} | more)


@pytest.mark.parametrize(
    ("subject", "outcome", "sentence"),
    [
        (0.77, "better", "LSTM beats seasonal naive by 23\u202f% in MASE (0.770 against 1.000)."),
        (1.05, "worse", "LSTM loses to seasonal naive by 5\u202f% in MASE (1.05 against 1.00)."),
        (0.995, "par", "LSTM and seasonal naive are on a par in MASE (0.995 against 1.000)."),
        (None, "unknown", "LSTM reaches MASE \u2013."),
    ],
)
def test_the_headline_is_honest(subject, outcome, sentence):
    found = verdict(record(subject))
    assert (found.outcome, found.headline) == (outcome, sentence)


def test_better_models_are_named():
    assert "It is the best of the 3 models compared." in verdict(record(0.5)).details
    assert (
        "1 of the 3 other models does better: other 0 (0.400)." in verdict(record(0.5, others=[0.4])).details
    )
    found = verdict(record(0.5, others=[0.4, 0.3])).details
    assert "2 of the 4 other models do better; the best is other 1 (0.300)." in found


def test_intervals_and_series_are_told():
    rows = {
        "recurra": [
            {"unique_id": "a", "mase": 1.0},
            {"unique_id": "b", "mase": 3.0},
            {"unique_id": "c", "mase": None},
        ],
        "seasonal_naive": [
            {"unique_id": "c", "mase": 9.0},
            {"unique_id": "b", "mase": 2.0},
            {"unique_id": "a", "mase": 2.0},
        ],
    }
    metrics = record(
        per_series=rows, calibration=[{"level": 80, "coverage": 0.78}, {"level": 95, "coverage": 0.9}]
    )
    assert wins(metrics) == (1, 2)
    assert sorted(series_pairs(metrics)) == [(2.0, 1.0), (2.0, 3.0)]
    details = " ".join(verdict(metrics).details)
    assert "Its 80\u202f% interval held 78\u202f% of the truth." in details
    assert "It is ahead of seasonal naive on 1 of 2 series." in details


def test_subject_and_reference_can_be_named_or_found():
    metrics = record(others=[0.4])
    assert subject_of(metrics).name == "recurra"
    assert reference_of(metrics).name == "seasonal_naive"
    named = record(others=[0.4], subject=0.5, reference="last_value").model_copy(update={"subject": "other0"})
    assert subject_of(named).name == "other0"
    assert reference_of(named).name == "last_value"


def test_a_reference_of_zero_or_a_metric_without_direction_compares_nothing():
    metrics = record(naive=0.0)
    assert relative(metrics, subject_of(metrics), "mase") is None
    assert verdict(metrics).outcome == "unknown"
    assert relative(metrics, subject_of(metrics), "width_80") is None

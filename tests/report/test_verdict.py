"""The judgement says what the scores say: better, worse, on a par, or nothing."""

import pytest

from recurra.metrics.metric import metric
from recurra.report.record import MetricRecord, MetricsRecord
from recurra.report.verdict import group_pairs, reference_of, relative, subject_of, verdict, wins

BEST = "the best baseline (seasonal naive)"


def record(subject=0.5, naive=1.0, others=(), name="mase", **more):
    models = [
        {"name": "last_value", "label": "Last value", "kind": "naive", "scores": {name: 3.0}},
        {"name": "seasonal_naive", "label": "Seasonal naive", "kind": "naive", "scores": {name: naive}},
        {"name": "recurra", "label": "LSTM", "kind": "recurrent", "scores": {name: subject}},
    ]
    models += [
        {"name": f"other{index}", "label": f"Other {index}", "kind": "neural", "scores": {name: score}}
        for index, score in enumerate(others)
    ]
    described = [MetricRecord.of(metric(name))]
    content = {"task": "forecast", "metrics": described, "models": models, "reference": "seasonal_naive"}
    return MetricsRecord.model_validate(content | more)


@pytest.mark.parametrize(
    ("subject", "outcome", "sentence"),
    [
        (
            0.77,
            "better",
            f"LSTM beats {BEST} by 23\u202f% in MASE (0.770 against 1.000).",
        ),
        (
            1.05,
            "worse",
            f"LSTM loses to {BEST} by 5\u202f% in MASE (1.05 against 1.00).",
        ),
        (
            2160.1,
            "worse",
            (
                f"The training of LSTM diverged: its MASE is 2\u202f160 times as large as that of {BEST} "
                "(2\u202f160.1 against 1.0)."
            ),
        ),
        (
            5.4e9,
            "worse",
            (
                f"The training of LSTM diverged: its MASE is 5.40\u00d710⁹ times as large as that of {BEST} "
                "(5.40\u00d710⁹ against 1.00)."
            ),
        ),
        (
            21.0,
            "worse",
            f"LSTM loses to {BEST}: its MASE is 21 times as large (21.00 against 1.00).",
        ),
        (
            9.9,
            "worse",
            f"LSTM loses to {BEST} by 890\u202f% in MASE (9.90 against 1.00).",
        ),
        (
            0.995,
            "par",
            f"LSTM and {BEST} are on a par in MASE (0.995 against 1.000).",
        ),
        (None, "unknown", "LSTM reaches MASE \u2013."),
    ],
)
def test_the_headline_is_honest(subject, outcome, sentence):
    found = verdict(record(subject))
    assert (found.outcome, found.headline) == (outcome, sentence)


def test_who_is_as_good_as_others_is_not_the_best():
    assert "No model does better, and 1 of the 2 other models does as well." in verdict(record(1.0)).details
    assert "No model does better, and 2 of the 3 other models do as well." in (
        verdict(record(1.0, others=[1.0])).details
    )


def test_better_models_are_named():
    assert "It is the best of the 3 models compared." in verdict(record(0.5)).details
    assert (
        "1 of the 3 other models does better: other 0 (0.400)." in verdict(record(0.5, others=[0.4])).details
    )
    found = verdict(record(0.5, others=[0.4, 0.3])).details
    assert "2 of the 4 other models do better; the best is other 1 (0.300)." in found


def test_groups_and_what_the_task_says_are_told():
    rows = {
        "recurra": [
            {"group": "a", "mase": 1.0},
            {"group": "b", "mase": 3.0},
            {"group": "c", "mase": None},
        ],
        "seasonal_naive": [
            {"group": "c", "mase": 9.0},
            {"group": "b", "mase": 2.0},
            {"group": "a", "mase": 2.0},
        ],
    }
    metrics = record(per_group=rows, group="series", remarks=["Its interval held 78\u202f% of the truth."])
    assert wins(metrics) == (1, 2)
    assert sorted(group_pairs(metrics)) == [(2.0, 1.0), (2.0, 3.0)]
    details = " ".join(verdict(metrics).details)
    assert "Its interval held 78\u202f% of the truth." in details
    assert "It is ahead of seasonal naive on 1 of 2 series." in details


def test_subject_and_reference_can_be_named_or_found():
    metrics = record(others=[0.4])
    assert subject_of(metrics).name == "recurra"
    assert reference_of(metrics).name == "seasonal_naive"
    assert reference_of(record(reference="")).name == "last_value"
    named = record(others=[0.4], subject=0.5, reference="last_value").model_copy(update={"subject": "other0"})
    assert subject_of(named).name == "other0"
    assert reference_of(named).name == "last_value"


def test_a_reference_of_zero_or_a_metric_without_direction_compares_nothing():
    metrics = record(naive=0.0)
    assert relative(metrics, subject_of(metrics)) is None
    assert verdict(metrics).outcome == "unknown"
    metrics = record(name="width_80")
    assert relative(metrics, subject_of(metrics)) is None
    assert verdict(metrics).outcome == "unknown"


@pytest.mark.parametrize(
    ("name", "scores", "outcome", "sentence"),
    [
        ("accuracy", (0.85, 0.5), "better", "beats seasonal naive by 35.0 percentage points in accuracy"),
        ("accuracy", (0.5, 0.62), "worse", "loses to seasonal naive by 12.0 percentage points in accuracy"),
        ("accuracy", (0.85, 0.852), "par", "on a par in accuracy (85.0\u202f% against 85.2\u202f%)"),
        ("calibration_error", (0.02, 0.1), "better", "by 8.0 percentage points in calibration error"),
        ("r2", (0.85, 0.0), "better", "beats seasonal naive by 0.85 in R² (0.850 against 0.000)"),
        ("r2", (-0.5, 0.0), "worse", "loses to seasonal naive by 0.50 in R²"),
    ],
)
def test_scores_without_a_true_zero_are_compared_by_their_difference(name, scores, outcome, sentence):
    found = verdict(record(*scores, name=name))
    assert found.outcome == outcome
    assert sentence in found.headline


def test_nats_of_a_density_are_compared_by_their_difference() -> None:
    """They have no zero: of one score that is below it and one that is not, there is no ratio."""
    nll = MetricRecord(name="nll", label="NLL", unit="nats")
    models = [
        {"name": "gaussian", "label": "Plain Gaussian", "kind": "naive", "scores": {"nll": 3.5}},
        {"name": "recurra", "label": "LSTM", "kind": "recurrent", "scores": {"nll": -1.5}},
    ]
    found = verdict(MetricsRecord.model_validate({"task": "draw", "metrics": [nll], "models": models}))
    assert found.headline.startswith("LSTM beats Plain Gaussian by 5.0 in NLL")
    assert "%" not in found.headline
    assert found.gain == 5

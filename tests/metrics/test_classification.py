"""Scores of classes against scikit-learn's own and against hand counts."""

import math

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from recurra.metrics.classification import (
    calibration_error,
    fit_temperature,
    multiclass_scores,
    multilabel_scores,
    regression_scores,
)

RANDOM = np.random.default_rng(3)
LABELS = RANDOM.integers(0, 3, 211)
LOGITS = RANDOM.normal(size=(211, 3)) + 2 * np.eye(3)[LABELS]
SHARES = softmax(LOGITS, axis=1)


def test_classes_against_the_library() -> None:
    scores = multiclass_scores(SHARES, LABELS)
    told = SHARES.argmax(axis=1)
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(LABELS, told))
    assert scores["macro_f1"] == pytest.approx(metrics.f1_score(LABELS, told, average="macro"))
    assert scores["log_loss"] == pytest.approx(metrics.log_loss(LABELS, SHARES))
    assert scores["auroc"] == pytest.approx(metrics.roc_auc_score(LABELS, SHARES, multi_class="ovr"))


def test_one_class_alone_has_no_area() -> None:
    scores = multiclass_scores(SHARES[:5], np.zeros(5, int))
    assert math.isnan(scores["auroc"])
    assert scores["log_loss"] > 0


def test_calibration_by_hand() -> None:
    confidence, right = np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, False, True, True])
    assert calibration_error(confidence, right) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_a_temperature_undoes_what_was_done(factor: float) -> None:
    labels = np.array([RANDOM.choice(3, p=share) for share in SHARES])
    base = fit_temperature(LOGITS, labels)
    assert fit_temperature(factor * LOGITS, labels) == pytest.approx(factor * base, rel=1e-3)


def test_several_labels() -> None:
    true = np.array([[1, 0], [1, 1], [0, 0]], float)
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.2]])
    scores = multilabel_scores(shares, true)
    assert scores["exact"] == pytest.approx(2 / 3)
    assert scores["micro_f1"] == pytest.approx(2 * 2 / (3 + 2))
    assert scores["macro_f1"] == pytest.approx(0.5)


def test_numbers() -> None:
    scores = regression_scores(np.array([1.0, 2.0, 5.0]), np.array([1.0, 2.0, 3.0]))
    assert scores["mae"] == pytest.approx(2 / 3)
    assert scores["rmse"] == pytest.approx(math.sqrt(4 / 3))
    assert scores["r2"] == pytest.approx(1 - 4 / 2)
    assert math.isnan(regression_scores(np.ones(2), np.ones(2))["r2"])

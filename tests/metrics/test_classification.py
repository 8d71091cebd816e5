"""Scores of classes against scikit-learn's own and against hand counts."""

import math

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from recurra.metrics.classification import (
    calibration_error,
    confusion_matrix,
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


@pytest.mark.parametrize("number", [0.1, 0.7, 1e9 + 0.1])
def test_truth_that_does_not_vary_has_no_r2(number: float) -> None:
    """The mean of three such numbers is not quite the number."""
    assert math.isnan(regression_scores(np.full(3, 0.2), np.full(3, number))["r2"])


def test_confusion_has_the_truth_in_its_rows() -> None:
    told, true = np.array([0, 2, 2, 1, 2]), np.array([0, 1, 1, 1, 2])
    assert confusion_matrix(told, true, 4).tolist() == [[1, 0, 0, 0], [0, 1, 2, 0], [0, 0, 1, 0], [0] * 4]
    ours = confusion_matrix(SHARES.argmax(axis=1), LABELS, 3)
    assert np.array_equal(ours, metrics.confusion_matrix(LABELS, SHARES.argmax(axis=1)))


def test_a_half_is_not_enough_to_tell_a_class() -> None:
    shares = np.array([[0.5, 0.500001]])
    assert multilabel_scores(shares, np.array([[0.0, 1.0]]))["exact"] == 1


def test_no_temperature_near_the_fitted_one_is_better() -> None:
    """Sharpened logits of labels drawn from the plain ones: the factor comes back, and the loss is least."""
    random = np.random.default_rng(5)
    logits = random.normal(size=(5000, 3))
    labels = (softmax(logits, axis=1).cumsum(axis=1) > random.random((5000, 1))).argmax(axis=1)
    found = fit_temperature(3 * logits, labels)
    assert found == pytest.approx(3, rel=0.1)

    def loss(temperature: float) -> float:
        return multiclass_scores(softmax(3 * logits / temperature, axis=1), labels)["log_loss"]

    assert loss(found) < min(loss(0.9 * found), loss(1.1 * found), loss(1.0))

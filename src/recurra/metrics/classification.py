"""Scores of classes, sets of classes and numbers; the temperature that calibrates probabilities."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn import metrics

Probabilities = Float[np.ndarray, "rows classes"]
Labels = Int[np.ndarray, " rows"]

BINS = 15  # of the calibration error, as Guo and others have it
_LOWEST = 1e-15  # probability that a logarithm is taken of


def multiclass_scores(probabilities: Probabilities, labels: Labels) -> dict[str, float]:
    """Scores where one of several classes is true.

    Args:
        probabilities: (rows, classes), each row sums to 1.
        labels: (rows,), the index of the true class.

    Returns:
        `accuracy`; `macro_f1`, the mean over the classes that occur in either; `auroc`, the mean of one class
        against the rest over the classes that occur but not always, NaN where there are none; `log_loss` in
        nats; `calibration_error`, 0 to 1 (Guo and others, "On calibration of modern neural networks", 2017).
    """
    told = probabilities.argmax(axis=1)
    own = np.clip(probabilities[np.arange(len(labels)), labels], _LOWEST, 1)
    hot = labels[:, None] == np.arange(probabilities.shape[1])
    return {
        "accuracy": float((told == labels).mean()),
        "macro_f1": float(metrics.f1_score(labels, told, average="macro", zero_division=0)),
        "auroc": area(hot, probabilities),
        "log_loss": float(-np.log(own).mean()),
        "calibration_error": calibration_error(probabilities.max(axis=1), told == labels),
    }


def multilabel_scores(
    probabilities: Probabilities, hot: Float[np.ndarray, "rows classes"]
) -> dict[str, float]:
    """Scores where any number of classes may be true; a class is told above a probability of 1/2.

    Returns:
        `micro_f1`, `macro_f1`, `exact` (the share of rows of which every class is right), `auroc`.
    """
    told, true = probabilities > 0.5, hot > 0.5
    return {
        "micro_f1": float(metrics.f1_score(true, told, average="micro", zero_division=0)),
        "macro_f1": float(metrics.f1_score(true, told, average="macro", zero_division=0)),
        "exact": float((told == true).all(axis=1).mean()),
        "auroc": area(true, probabilities),
    }


def regression_scores(told: Float[np.ndarray, " rows"], true: Float[np.ndarray, " rows"]) -> dict[str, float]:
    """Scores of numbers: `mae`, `rmse`, `r2` (NaN where the truth does not vary)."""
    error = np.asarray(told, np.float64) - true
    varies = bool(
        (true != true[:1]).any()
    )  # the mean of equal numbers may differ from them in the last digit
    spread = float(np.square(true - np.mean(true, dtype=np.float64)).sum())
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt(np.square(error).mean())),
        "r2": 1 - float(np.square(error).sum()) / spread if varies else math.nan,
    }


def confusion_matrix(told: Labels, true: Labels, classes: int) -> Int[np.ndarray, "classes classes"]:
    """How often each true class (row) was told as each class (column), (classes, classes)."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (true, told), 1)
    return counts


def area(true: Bool[np.ndarray, "rows classes"], scores: Probabilities) -> float:
    """Area under the ROC curve, the mean over the classes that are true somewhere but not everywhere."""
    mixed = [one for one in range(true.shape[1]) if 0 < true[:, one].sum() < len(true)]
    if not mixed:
        return math.nan
    return float(np.mean([metrics.roc_auc_score(true[:, one], scores[:, one]) for one in mixed]))


def calibration_error(confidence: Float[np.ndarray, " rows"], right: Bool[np.ndarray, " rows"]) -> float:
    """How far confidence and accuracy are apart, over 15 bins of confidence, weighted by their rows."""
    if len(confidence) == 0:
        return math.nan
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def fit_temperature(logits: Float[np.ndarray, "rows classes"], labels: Labels) -> float:
    """What logits are to be divided by so that the log loss is least, between 0.05 and 20.

    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017).
    """
    rows = np.arange(len(labels))

    def loss(logarithm: float) -> float:
        return float(-log_softmax(logits / math.exp(logarithm), axis=1)[rows, labels].mean())

    least: Callable[..., Any] = minimize_scalar
    found = least(loss, bounds=(math.log(0.05), math.log(20)), method="bounded")
    return math.exp(float(found.x))

"""What a classifier is compared with that is no net: the majority, and a linear model without order."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from recurra.experiment.examples import Part
from recurra.experiment.task import Rival
from recurra.inputs.input import Input
from recurra.tasks.classify.target import Target

Answer = Float[np.ndarray, "rows outputs"]
_C = (0.1, 1.0, 10.0, 100.0)  # inverse strengths of the penalty; validation chooses


def majority(target: Target, rows: int) -> Rival:
    """Class frequencies of the training part for every row; of numbers their mean."""
    if target.kind == "regression":
        return Rival("mean", "Mean", "naive", np.full((rows, 1), target.mean))
    shares = np.array(target.counts) / target.rows
    return Rival("majority", "Majority class", "naive", np.tile(shares, (rows, 1)))


def linear(input: Input, target: Target, train: Part, validation: Part | None, part: Part) -> Iterator[Rival]:
    """Logistic regression (of numbers ridge regression) over what the input sums up without order."""
    contents = [train.examples.contents, part.examples.contents]
    if validation is not None:
        contents.append(validation.examples.contents)
    features = input.summary(contents[0], contents)
    truth = np.stack(train.known())
    candidates = [_fitted(target, features[0], truth, strength) for strength in _C]
    best = candidates[1]
    if validation is not None:
        held = np.stack(validation.known())
        best = min(candidates, key=lambda model: _badness(target, model, features[2], held))
    numbers = int(features[0].shape[1] * target.size)
    name = "ridge regression" if target.kind == "regression" else "logistic regression"
    yield Rival(
        "linear",
        f"{input.summary_label}, {name}",
        "linear",
        _answer(target, best, features[1]),
        parameters=numbers,
    )


def _fitted(target: Target, features: Any, truth: np.ndarray, strength: float) -> Any:
    if target.kind == "regression":
        return make_pipeline(MaxAbsScaler(), Ridge(alpha=1 / strength)).fit(features, truth)
    if target.kind == "multilabel":
        return [_of_one_class(features, truth[:, one] > 0.5, strength) for one in range(target.size)]
    return _of_one_class(features, truth, strength)


def _of_one_class(features: Any, truth: np.ndarray, strength: float) -> Any:
    """Logistic regression; what is the same in every row is told for every row."""
    if len(np.unique(truth)) == 1:
        return DummyClassifier(strategy="prior").fit(features, truth)
    return make_pipeline(MaxAbsScaler(), LogisticRegression(C=strength, max_iter=1000)).fit(features, truth)


def _answer(target: Target, model: Any, features: Any) -> Answer:
    if target.kind == "regression":
        return np.asarray(model.predict(features), np.float64)[:, None]
    if target.kind == "multilabel":
        return np.stack([_share_of_true(one, features) for one in model], axis=1)
    found = np.asarray(model.predict_proba(features))
    if found.shape[1] == target.size:
        return found
    whole = np.zeros((len(found), target.size))  # a class that the training part lacks
    whole[:, model.classes_.astype(int)] = found
    return whole


def _share_of_true(model: Any, features: Any) -> np.ndarray:
    shares = np.asarray(model.predict_proba(features))
    return shares @ np.asarray(model.classes_, np.float64)


def _badness(target: Target, model: Any, features: Any, truth: np.ndarray) -> tuple[float, float]:
    """The error, and where that is the same the log loss."""
    answer = _answer(target, model, features)
    if target.kind == "regression":
        return float(np.square(answer[:, 0] - truth).mean()), 0.0
    if target.kind == "multilabel":
        return float(((answer > 0.5) != (truth > 0.5)).mean()), 0.0
    own = np.clip(answer[np.arange(len(truth)), truth], 1e-15, 1)
    return float((answer.argmax(axis=1) != truth).mean()), float(-np.log(own).mean())

"""What a classifier is compared with that is no net: the majority, and a linear model without order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import MaxAbsScaler

from recurra.experiment.examples import Part
from recurra.experiment.learnt import DESCRIPTION, Learnt
from recurra.experiment.task import Prepared, Rival
from recurra.files import damage_told
from recurra.inputs import registry
from recurra.tasks.classify.target import Target

Answer = Float[np.ndarray, "rows outputs"]
LINEAR = "linear"
_C = (0.1, 1.0, 10.0, 100.0)  # inverse strengths of the penalty; validation chooses
_PLAIN = 1.0  # the one where there is no validation part


def majority(target: Target, rows: int) -> Rival:
    """Class frequencies of the training part for every row; of numbers their mean."""
    if target.kind == "regression":
        return Rival("mean", "Mean", "naive", np.full((rows, 1), target.mean))
    shares = np.array(target.counts) / target.rows
    return Rival("majority", "Majority class", "naive", np.tile(shares, (rows, 1)))


def learn_linear(prepared: Prepared) -> Iterator[Learnt]:
    """Logistic regression (of numbers ridge regression) over what the input sums up without order."""
    schema, train, validation = prepared.schema, prepared.train, prepared.validation
    summary = registry.get(schema.input).summary.learn(train.examples.contents)
    features, truth = summary.numbers(train.examples.contents), np.stack(train.known())
    scaler = MaxAbsScaler().fit(features)
    strengths = (_PLAIN,) if validation is None else _C
    candidates = [_fitted(schema.target, scaler, features, truth, strength) for strength in strengths]
    best = candidates[0]
    if validation is not None:
        held, known = summary.numbers(validation.examples.contents), np.stack(validation.known())
        best = min(candidates, key=lambda one: _badness(schema.target, one.answer(held), known))
    description = {"input": schema.input, "summary": summary.to_dict()}
    yield Learnt(LINEAR, description, {"weight": best.weight, "bias": best.bias})


def linear(learnt: Learnt, target: Target, part: Part) -> Rival:
    """What `learn_linear` learnt says of a part."""
    with damage_told(Path(learnt.name, DESCRIPTION)):
        kind = registry.get(learnt.description["input"])
        summary = kind.summary.from_dict(learnt.description["summary"])
        model = LinearMap(target.kind, learnt.arrays["weight"], learnt.arrays["bias"])
        answer = model.answer(summary.numbers(part.examples.contents))
    name = "ridge regression" if target.kind == "regression" else "logistic regression"
    label = f"{kind.summary_label}, {name}"
    return Rival(learnt.name, label, "linear", answer, learnt.seconds, int(model.weight.size))


@dataclass(frozen=True)
class LinearMap:
    """A fitted linear model: features to probabilities of the classes, or to a number.

    Attributes:
        kind: That of the target.
        weight: What a feature adds to each output.
        bias: Where each output begins; infinite of a class that is told never, or for every row.
    """

    kind: str
    weight: Float[np.ndarray, "features outputs"]
    bias: Float[np.ndarray, " outputs"]

    def answer(self, features: Any) -> Answer:
        """Probabilities or numbers for each row of features, dense or sparse."""
        outputs: Answer = np.asarray(features @ self.weight, np.float64) + self.bias
        if self.kind == "multiclass":
            outputs = softmax(outputs, axis=1)
        elif self.kind == "multilabel":
            outputs = expit(outputs)
        return outputs


def _fitted(target: Target, scaler: Any, features: Any, truth: np.ndarray, strength: float) -> LinearMap:
    """A linear model of one strength, the scale of the features in its weights."""
    scaled = scaler.transform(features)
    if target.kind == "regression":
        model = Ridge(alpha=1 / strength).fit(scaled, truth)
        weight, bias = model.coef_[:, None], np.array([model.intercept_])
    elif target.kind == "multilabel":
        columns = [
            _logistic(scaled, truth[:, one] > 0.5, (False, True), strength) for one in range(target.size)
        ]
        weight = np.stack([own[:, 1] - own[:, 0] for own, _ in columns], axis=1)
        bias = np.array([own[1] - own[0] for _, own in columns])
    else:
        weight, bias = _logistic(scaled, truth, range(target.size), strength)
    return LinearMap(target.kind, weight / scaler.scale_[:, None], bias)


def _logistic(
    features: Any, truth: np.ndarray, classes: Sequence[Any], strength: float
) -> tuple[Float[np.ndarray, "features classes"], Float[np.ndarray, " classes"]]:
    """Weight and bias of each class; one that the training part lacks is never told."""
    weight = np.zeros((features.shape[1], len(classes)))
    bias = np.full(len(classes), -np.inf)
    present = [at for at, one in enumerate(classes) if (truth == one).any()]
    bias[present] = 0
    if len(present) > 1:
        model = LogisticRegression(C=strength, max_iter=1000).fit(features, truth)
        told = present[1:] if len(present) == 2 else present  # of two classes the first one stays at 0
        weight[:, told], bias[told] = model.coef_.T, model.intercept_
    return weight, bias


def _badness(target: Target, answer: Answer, truth: np.ndarray) -> tuple[float, float]:
    """The error, and where that is the same the log loss."""
    if target.kind == "regression":
        return float(np.square(answer[:, 0] - truth).mean()), 0.0
    if target.kind == "multilabel":
        return float(((answer > 0.5) != (truth > 0.5)).mean()), 0.0
    own = np.clip(answer[np.arange(len(truth)), truth], 1e-15, 1)
    return float((answer.argmax(axis=1) != truth).mean()), float(-np.log(own).mean())

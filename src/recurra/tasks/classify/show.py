"""What a classifier has to show: which classes it takes for which, how sure it is, and some examples."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from recurra.data.naming import listed
from recurra.experiment.examples import Part, columns_read
from recurra.experiment.task import Description, Fitted, Groups, Rival
from recurra.inputs import registry
from recurra.metrics.classification import BINS, confusion_matrix
from recurra.models.classifier import SequenceClassifier
from recurra.report.heading import source_name
from recurra.report.number import count
from recurra.report.piece import Matrix, Scatter, Table
from recurra.report.record import MetricsRecord
from recurra.report.section import Section
from recurra.tasks.classify.target import Target

EXAMPLES = 12
EXHIBITS = 4
_MOST_POINTS = 2000


def describe(fitted: Fitted, part: Part) -> Description:
    """What was told apart, and on how much of which data."""
    target: Target = fitted.schema.target
    source = part.examples.table.source
    number = target.kind == "regression"
    what = target.column if number else f"{len(target.labels)} classes of {target.column}"
    facts = [("Examples judged", count(len(part))), ("Input", fitted.schema.input)]
    facts += [*columns_read(part.examples, target.column), ("Kind", target.kind)]
    if not number:
        facts.append(("Classes", listed(target.labels, 20)))
    temperature = float(cast("SequenceClassifier", fitted.model).temperature)
    if temperature != 1:
        facts.append(("Probabilities", f"tempered by {temperature:.2f} on the validation part"))
    return Description(
        title=f"{source_name(source)}, {what}",
        judged=f"{count(len(part))} examples",
        facts=tuple(facts),
        source=source,
        target=target.column,
    )


def groups(target: Target, part: Part, answer: np.ndarray) -> Groups | None:
    """Precision, recall and F1 of each class; of numbers nothing."""
    if target.kind == "regression":
        return None
    truth = np.stack(part.known())
    if target.kind == "multiclass":
        classes = np.arange(len(target.labels))
        true, told = truth[:, None] == classes, answer.argmax(axis=1)[:, None] == classes
    else:
        true, told = truth > 0.5, answer > 0.5
    right = (true & told).sum(axis=0)
    scores = {}
    for one, label in enumerate(target.labels):
        named, there = int(told[:, one].sum()), int(true[:, one].sum())
        scores[label] = {
            "f1": 2 * right[one] / (named + there) if named + there else float("nan"),
            "precision": right[one] / named if named else float("nan"),
            "recall": right[one] / there if there else float("nan"),
            "support": float(there),
        }
    return Groups("class", ("f1", "precision", "recall", "support"), scores)


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """Where the answers are right, and some of them."""
    del metrics
    target: Target = fitted.schema.target
    answer = rivals[0].answer
    truth = np.stack(part.known())
    if target.kind == "regression":
        return [_numbers(target, truth, answer[:, 0]), _examples(fitted, part, truth, answer)]
    pieces: list[Any] = []
    if target.kind == "multiclass":
        counts = confusion_matrix(answer.argmax(axis=1), truth, len(target.labels))
        pieces.append(
            Matrix(
                title="Truth and answer",
                note="Each row is a true class; the share of it that got each answer.",
                rows=list(target.labels),
                counts=counts.tolist(),
            )
        )
    pieces.append(_reliability(target, truth, answer))
    lead = "Which classes are taken for which, and whether stated probabilities can be trusted."
    first = Section(id="answers", heading="Answers", lead=lead, pieces=pieces)
    return [first, _examples(fitted, part, truth, answer)]


def _reliability(target: Target, truth: np.ndarray, answer: np.ndarray) -> Scatter:
    if target.kind == "multiclass":
        confidence, right = answer.max(axis=1), answer.argmax(axis=1) == truth
    else:
        confidence, right = answer.ravel(), truth.ravel() > 0.5
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    points = [
        (float(confidence[bins == one].mean()), float(right[bins == one].mean())) for one in np.unique(bins)
    ]
    return Scatter(
        title="How sure, and how often right",
        note="Answers by their stated probability; on the line they are as often right as stated.",
        points=points,
        connected=True,
        above="too modest",
        below="too sure",
        x_label="stated probability",
        y_label="share that is right",
        unit="share",
    )


def _numbers(target: Target, truth: np.ndarray, answer: np.ndarray) -> Section:
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), _MOST_POINTS)).astype(int)
    points = [(float(truth[row]), float(answer[row])) for row in chosen]
    piece = Scatter(
        title="Truth and answer",
        note="On the line the answer is right.",
        points=points,
        x_label=f"true {target.column}",
        y_label="answer",
    )
    return Section(id="answers", heading="Answers", pieces=[piece])


def _examples(fitted: Fitted, part: Part, truth: np.ndarray, answer: np.ndarray) -> Section:
    """The surest mistakes, then answers as they come."""
    target: Target = fitted.schema.target
    kind = registry.get(fitted.schema.input)
    mistakes = True
    if target.kind == "multiclass":
        wrong = np.flatnonzero(answer.argmax(axis=1) != truth)
        mistakes = bool(len(wrong))
        order = wrong[np.argsort(-answer[wrong].max(axis=1), kind="stable")]
        lead = "The mistakes that it was most sure of."
        if not mistakes:
            order = np.argsort(answer.max(axis=1), kind="stable")
            lead = "There are no mistakes. Of these answers it was least sure."
    else:
        error = np.abs(answer - truth.reshape(answer.shape)).max(axis=1)
        order, lead = np.argsort(-error, kind="stable"), "Where it was furthest from the truth."
    rows = [
        [
            kind.show(part.examples.contents[row]),
            told(target, truth[row], exact=True),
            told(target, answer[row], exact=False),
        ]
        for row in order[:EXAMPLES]
    ]
    pieces: list[Any] = [Table(columns=["Example", "Truth", "Answer"], rows=rows)]
    for row, (name, true, given) in zip(order[:EXHIBITS], rows, strict=False):
        title = f"{name}: {true}, answered {given}"
        pieces += kind.exhibit(part.examples.contents[row], fitted.schema.encoding, title)
    heading = "Mistakes" if mistakes else "Close calls"
    return Section(id="examples", heading=heading, lead=lead, pieces=pieces, layout="full")


def told(target: Target, value: Any, *, exact: bool) -> str:
    """A truth (exact) or an answer, in words."""
    if target.kind == "regression":
        return f"{float(np.ravel(value)[0]):.4g}"
    if target.kind == "multilabel":
        return ", ".join(target.labels[one] for one in np.flatnonzero(value > 0.5)) or "none"
    if exact:
        return target.labels[int(value)]
    return f"{target.labels[int(np.argmax(value))]} ({float(np.max(value)):.0%})"

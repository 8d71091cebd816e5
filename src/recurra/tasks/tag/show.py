"""What a tagger has to show: which tags it takes for which, and some sequences with their tags."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.experiment.examples import Part, columns_read
from recurra.experiment.task import Description, Fitted, Groups, Rival
from recurra.metrics.classification import confusion_matrix
from recurra.metrics.span import span_counts
from recurra.report.heading import source_name
from recurra.report.number import count
from recurra.report.piece import Colour, HighlightedText, LegendItem, Matrix, Token
from recurra.report.record import MetricsRecord
from recurra.report.section import Section

EXAMPLES = 12
_MOST_STEPS = 120


def describe(fitted: Fitted, part: Part) -> Description:
    """What was tagged, and on how much of which data."""
    tags = fitted.schema.target
    source = part.examples.table.source
    steps = sum(len(content) for content in part.examples.contents)
    facts = [
        ("Examples judged", count(len(part))),
        ("Input", fitted.schema.input),
        *columns_read(part.examples, tags.column),
        ("Tags", ", ".join(tags.tags[:30]) + (" ..." if len(tags.tags) > 30 else "")),
        ("Scheme", tags.scheme),
    ]
    if fitted.config.look_ahead:
        facts.append(("Look-ahead", f"{fitted.config.look_ahead} steps"))
    return Description(
        title=f"{source_name(source)}, {len(tags.tags)} tags",
        judged=f"{count(steps)} steps of {count(len(part))} sequences",
        facts=tuple(facts),
        source=source,
        target=tags.column,
    )


def groups(schema: Any, part: Part, answer: Sequence[Any]) -> Groups:
    """Precision, recall and F1 of each kind of span, or of each tag where tags mark none."""
    names = np.array(schema.target.tags)
    metrics = ("f1", "precision", "recall", "support")
    true, told = ([list(names[row]) for row in rows] for rows in (part.known(), answer))
    if schema.target.scheme != "plain":
        counts = {kind: own for kind, own in span_counts(true, told).items() if kind}
        scores = {
            kind: {"f1": own.f1, "precision": own.precision, "recall": own.recall, "support": float(own.true)}
            for kind, own in counts.items()
        }
        return Groups("span", metrics, scores)
    confusion = _confusion(schema, part, answer)
    right, there, named = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    scores = {
        tag: {
            "f1": _share(2 * right[one], there[one] + named[one]),
            "precision": _share(right[one], named[one]),
            "recall": _share(right[one], there[one]),
            "support": float(there[one]),
        }
        for one, tag in enumerate(schema.target.tags)
    }
    return Groups("tag", metrics, scores)


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """Which tags are taken for which, and some sequences."""
    del metrics
    answer = rivals[0].answer
    matrix = Matrix(
        title="Truth and answer",
        note="Each row is a true tag; the share of it that got each answer.",
        rows=list(fitted.schema.target.tags),
        counts=_confusion(fitted.schema, part, answer).tolist(),
    )
    answers = Section(id="answers", heading="Answers", pieces=[matrix], layout="full")
    chosen = np.linspace(0, len(part) - 1, min(EXAMPLES, len(part))).astype(int)
    examples = Section(
        id="examples",
        heading="Examples",
        lead="Each word with its tag; beside a wrong one stands the right one.",
        legend=[
            LegendItem(label="right", role="right", mark="area"),
            LegendItem(label="wrong", role="wrong", mark="area"),
        ],
        pieces=[_text(fitted, part, answer, int(row)) for row in np.unique(chosen)],
        layout="full",
    )
    return [answers, examples]


def shown(symbol: Any, digits: int = 3) -> str:
    """A step as people read it: a token, or the numbers of its channels."""
    return symbol if isinstance(symbol, str) else " ".join(f"{one:.{digits}g}" for one in np.ravel(symbol))


def _text(fitted: Fitted, part: Part, answer: Sequence[Any], row: int) -> HighlightedText:
    names, truth = fitted.schema.target.tags, part.known()[row]
    symbols = list(part.examples.contents[row])[:_MOST_STEPS]
    tokens = []
    for symbol, told, true in zip(symbols, answer[row], truth, strict=False):
        label = names[told] if told == true else f"{names[told]}, not {names[true]}"
        plain = told == true and names[told] == "O"
        role: Colour = "" if plain else "right" if told == true else "wrong"
        tokens.append(Token(text=shown(symbol), role=role, label="" if plain else label))
    return HighlightedText(note=part.examples.places[row], tokens=tokens)


def _confusion(schema: Any, part: Part, answer: Sequence[Any]) -> np.ndarray:
    return confusion_matrix(np.concatenate(answer), np.concatenate(part.known()), len(schema.target.tags))


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")

"""What a captioner has to show: where each word looked, and the worst and the best sentences."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.experiment.examples import Part, columns_read
from recurra.experiment.task import Description, Fitted, Rival
from recurra.experiment.written_text import Answer, looked, written_symbols
from recurra.inputs import registry
from recurra.metrics.captioning import Cider
from recurra.report.heading import source_name
from recurra.report.number import count
from recurra.report.piece import Table
from recurra.report.record import MetricsRecord
from recurra.report.section import Section

_LOOKED_AT, _EXAMPLES = 4, 8
_ORDER = {"spaces": "as they stand", "case": "in small letters", "words": "in small letters, no punctuation"}


def describe(fitted: Fitted, part: Part) -> Description:
    """What was described, and how much of it."""
    target, source = fitted.schema.target, part.examples.table.source
    size = len(target.alphabet)
    facts = [
        ("Examples judged", count(len(part))),
        ("Input", fitted.schema.input),
        *columns_read(part.examples, target.column),
        ("Sentences", f"{target.alphabet.unit}s, {count(size)} different ones, {_ORDER[target.normalize]}"),
        ("Attention", fitted.config.attention),
    ]
    several = len(part) and max(map(len, target.truths(part.examples))) > 1
    return Description(
        title=f"{source_name(source)}, described",
        judged=f"{count(len(part))} examples",
        facts=tuple(facts),
        source=source,
        target=target.column,
        notes=(f"Sentences are compared {_ORDER[target.normalize]} (normalize={target.normalize}).",)
        + (("Any of an example's sentences is right; scores count all of them.",) if several else ()),
    )


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """Where words looked, and the worst and the best."""
    del metrics
    given: Answer = rivals[0].answer
    truth = fitted.schema.target.truths(part.examples)
    sections = [_gaze(fitted, part, given), _examples(part, given.texts, truth)]
    return [one for one in sections if one.pieces]


def _gaze(fitted: Fitted, part: Part, given: Answer) -> Section:
    kind, encoding = registry.get(fitted.schema.input), fitted.schema.encoding
    first = {text: row for row, text in reversed([*enumerate(given.texts)])}
    pieces: list[Any] = []
    for row in sorted(first.values())[:_LOOKED_AT]:
        weights, content = looked(given.found[row]), part.examples.contents[row]
        if weights is None:
            continue
        words = written_symbols(fitted.schema.target.alphabet, given.found[row], given.owns[row])
        title, steps = f"{part.examples.places[row]}: {given.texts[row]}", len(part.encoded[row])
        pieces += kind.exhibit(content, encoding, title)
        pieces += kind.gaze(content, encoding, title, words[: len(weights)], weights[:, :steps])
    return Section(
        id="attention",
        heading="Where it looked",
        lead="For each word that was written where it looked in what is read. "
        "The first examples of different sentences.",
        pieces=pieces,
        layout="full",
    )


def _examples(part: Part, texts: Sequence[str], truth: Sequence[Sequence[str]]) -> Section:
    """The worst of those that are not right, and the best."""
    values = Cider(truth).scores(texts)
    order = np.argsort(values, kind="stable").tolist()
    wrong = [row for row in order if texts[row] not in truth[row]][:_EXAMPLES]
    best = [row for row in order[::-1] if row not in wrong][:_EXAMPLES]
    tables = [
        Table(
            title=title,
            columns=["example", "written", "should have been, such as", "CIDEr"],
            rows=[
                [part.examples.places[row], texts[row], truth[row][0], round(float(values[row]), 2)]
                for row in rows
            ],
        )
        for title, rows in (("Worst", wrong), ("Best" if wrong else "All are right to the letter", best))
        if rows
    ]
    return Section(
        id="examples", heading="Worst and best" if wrong else "Examples", pieces=tables, layout="full"
    )

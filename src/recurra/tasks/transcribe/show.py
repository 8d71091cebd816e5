"""What a transcriber has to show: the worst answers and some others, word by word beside the truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.experiment.criterion import CRITERIA
from recurra.experiment.examples import Part, columns_read
from recurra.experiment.script import Script
from recurra.experiment.task import Description, Fitted, Rival
from recurra.inputs import registry
from recurra.metrics.transcription import transcription_scores, word_chunks
from recurra.report.heading import source_name
from recurra.report.number import count
from recurra.report.piece import Colour, HighlightedText, LegendItem, Token
from recurra.report.record import MetricsRecord, Piece
from recurra.report.section import Section
from recurra.tasks.transcribe.search import Answer

_EXAMPLES, _HEARD = 12, 6
_ROLES: dict[str, tuple[Colour, str]] = {
    "substitute": ("wrong", "not {truth}"),
    "insert": ("third", "too much"),
    "delete": ("fourth", "left out"),
}
_ORDER = {"spaces": "as they stand", "case": "in small letters", "words": "in small letters, no punctuation"}


def describe(fitted: Fitted, part: Part) -> Description:
    """What was written down, and how much of it."""
    target, source = fitted.schema.target, part.examples.table.source
    facts = [
        ("Examples judged", count(len(part))),
        ("Input", fitted.schema.input),
        *columns_read(part.examples, target.column),
        ("Texts", f"{target.alphabet.unit}s, {target.size - 1} different ones, {_ORDER[target.normalize]}"),
    ]
    return Description(
        title=f"{source_name(source)}, transcribed",
        judged=f"{count(len(part))} texts",
        facts=tuple(facts),
        source=source,
        target=target.column,
        notes=(f"Words are compared {_ORDER[target.normalize]} (normalize={target.normalize}).",),
    )


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """The worst answers, and some others."""
    del metrics
    truth, told = fitted.schema.target.truths(part.examples), rivals[0].answer.texts
    rates = [transcription_scores([one], [two])["wer"] for one, two in zip(told, truth, strict=True)]
    worst = np.argsort(-np.array(rates), kind="stable")[:_EXAMPLES].tolist()
    kind = registry.get(fitted.schema.input)
    texts = [
        HighlightedText(
            title=kind.show(part.examples.contents[row]),
            note=f"{part.examples.places[row]}: {truth[row]}",
            tokens=_tokens(told[row], truth[row]),
        )
        for row in worst
    ]
    heard: list[Any] = [
        piece for row in worst[:_HEARD] for piece in _exhibit(fitted, part, rivals[0].answer, row)
    ]
    sections = [
        Section(
            id="words",
            heading="Word by word",
            lead="The worst answers first: what was written, coloured where it is not what was said.",
            legend=[
                LegendItem(label="another word", role="wrong", mark="area"),
                LegendItem(label="too much", role="third", mark="area"),
                LegendItem(label="left out", role="fourth", mark="area"),
            ],
            pieces=texts,
            layout="full",
        ),
        Section(
            id="spikes",
            heading="Where it told what",
            lead="What the net reads of the same examples, and where it told each symbol.",
            pieces=heard,
            layout="full",
        ),
    ]
    return [one for one in sections if one.pieces]


def _exhibit(fitted: Fitted, part: Part, given: Answer, row: int) -> Sequence[Piece]:
    """A content with the symbols where the net tells them."""
    schema, unit = fitted.schema, fitted.schema.encoding.step_seconds or 1.0
    script, symbols = Script(schema.target.alphabet, unit), given.found[row][0].symbols
    pieces, content = script.pieces(), part.examples.contents[row]
    spans = CRITERIA[fitted.config.criterion].reading(fitted.model).align(given.outputs[row], symbols)
    marks = [(pieces[one].strip(), span.first * unit) for one, span in zip(symbols, spans, strict=False)]
    kind = registry.get(schema.input)
    return kind.exhibit(content, schema.encoding, given.texts[row] or kind.show(content), marks)


def _tokens(told: str, truth: str) -> list[Token]:
    """The words of the answer, and those that it lacks."""
    tokens = []
    for chunk in word_chunks(told, truth):
        role, label = _ROLES.get(chunk.kind, ("", ""))
        for place, word in enumerate(chunk.told or chunk.truth):
            right = chunk.truth[place] if place < len(chunk.truth) else ""
            tokens.append(Token(text=word, role=role, label=label.format(truth=right)))
    return tokens or [Token(text="(nothing)")]

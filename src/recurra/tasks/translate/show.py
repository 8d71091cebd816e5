"""What a translator has to show: where it looked, the best and the worst, and scores by length."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from recurra.experiment.examples import Part
from recurra.experiment.task import Description, Fitted, Rival
from recurra.metrics.translation import signature, translation_scores
from recurra.report.heading import source_name
from recurra.report.number import count
from recurra.report.piece import Bar, Bars, Matrix, Table
from recurra.report.record import MetricsRecord
from recurra.report.section import Section
from recurra.tasks.translate.target import texts_of

_MAPS, _LONGEST_MAP = 4, 24
_EXAMPLES = 8
_BINS = 5
_FULL = 100  # a weight of 1 in a map


def describe(fitted: Fitted, part: Part) -> Description:
    """What was turned into what, and on how much."""
    target = fitted.schema.target
    source = part.examples.table.source
    facts = [
        ("Texts judged", count(len(part))),
        ("Reads", f"{fitted.config.unit}s of the source"),
        ("Writes", f"{target.alphabet.unit}s, {count(len(target.alphabet))} different ones"),
        ("Attention", fitted.config.attention),
    ]
    return Description(
        title=f"{source_name(source)}, text to text",
        judged=f"{count(len(part))} texts",
        facts=tuple(facts),
        source=source,
        target="the text to write",
    )


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """Maps of attention, the worst and the best, and scores by length."""
    del metrics
    truth, given = texts_of(part.examples), rivals[0].answer
    each = [translation_scores([one], [other]) for one, other in zip(given.texts, truth, strict=True)]
    values = np.array([one.get("chrf", 100 * one["exact_match"]) for one in each])
    sections = [
        _attention(fitted, part, given),
        _examples(part, given.texts, truth, values),
        _lengths(truth, values, signature(given.texts, truth)),
    ]
    return [one for one in sections if one.pieces or one.notes]


def _attention(fitted: Fitted, part: Part, given: Any) -> Section:
    encoding, alphabet = fitted.schema.encoding, fitted.schema.target.alphabet
    maps = []
    for row in range(len(part)):
        best = given.found[row][0] if given.found and given.found[row] else None
        steps = len(part.encoded[row])
        if best is None or best.weights is None or not 2 <= len(best.symbols) <= _LONGEST_MAP:
            continue
        read = encoding.pieces(part.examples.contents[row])
        if len(read) != steps or steps > _LONGEST_MAP:
            continue
        weights = best.weights[:, :steps].numpy()
        written = [*alphabet.symbols(best.symbols), "(end)"][: len(weights)]
        maps.append(
            Matrix(
                title=given.texts[row],
                note="Rows are what is written, columns what is read: where it looked, in percent.",
                rows=written,
                columns=read,
                counts=np.round(_FULL * weights).astype(int).tolist(),
                row_label="written",
                column_label="read",
            )
        )
        if len(maps) == _MAPS:
            break
    return Section(
        id="attention",
        heading="Where it looked",
        lead="The first texts that are short enough to be drawn.",
        pieces=maps,
        layout="grid",
    )


def _examples(part: Part, texts: Sequence[str], truth: Sequence[str], values: Any) -> Section:
    order = np.argsort(values, kind="stable")
    kept = min(_EXAMPLES, (len(order) + 1) // 2)
    tables = []
    for title, chosen in (("Worst", order[:kept]), ("Best", order[::-1][:kept])):
        rows = [
            [str(part.examples.contents[one]), texts[one], truth[one], round(float(values[one]), 1)]
            for one in chosen
        ]
        columns = ["read", "written", "should have been", "chrF"]
        tables.append(Table(title=title, columns=columns, rows=rows))
    return Section(id="examples", heading="Worst and best", pieces=tables, layout="full")


def _lengths(truth: Sequence[str], values: Any, told: str) -> Section:
    lengths = np.array([len(one) for one in truth])
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _BINS + 1)).astype(int))
    bars = []
    for low, high in pairwise(edges):
        inside = (lengths >= low) & ((lengths < high) | (high == edges[-1]))
        if inside.any():
            label = f"{low} to {high} characters ({int(inside.sum()):,})"
            bars.append(Bar(label=label, value=round(float(values[inside].mean()), 1)))
    pieces = [Bars(title="Mean chrF of a text", bars=bars)] if bars else []
    notes = [f"BLEU's signature: {told}."] if told else []
    return Section(id="lengths", heading="By length", pieces=pieces, layout="full", notes=notes)

"""What a translator has to show: where it looked, the best and the worst, and scores by length."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from recurra.experiment.examples import Part
from recurra.experiment.task import Description, Fitted, Rival
from recurra.experiment.written_text import Answer, WritingPart, looked, written_symbols
from recurra.metrics.translation import signature, translation_scores
from recurra.report.heading import source_name
from recurra.report.number import count
from recurra.report.piece import Bar, Bars, HeatMap, Table
from recurra.report.record import MetricsRecord
from recurra.report.section import Section
from recurra.tasks.translate.config import TranslateAnswer
from recurra.tasks.translate.search import answer
from recurra.tasks.translate.target import texts_of

_MAPS, _LONGEST_MAP = 4, 24
_EXAMPLES = 8
_BINS = 5


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
    name = "chrF" if all("chrf" in one for one in each) else "right to the letter, in percent"
    values = np.array([one.get("chrf", 100 * one["exact_match"]) for one in each])
    sections = [
        _attention(fitted, part, given),
        _examples(fitted, part, given.texts, truth, values, name),
        _lengths(fitted, part, values, name),
    ]
    return [one for one in sections if one.pieces]


def _attention(fitted: Fitted, part: Part, given: Answer) -> Section:
    encoding, alphabet = fitted.schema.encoding, fitted.schema.target.alphabet
    maps: list[HeatMap] = []
    first = {str(content): row for row, content in reversed([*enumerate(part.examples.contents)])}
    for row in sorted(first.values()):
        found = given.found[row]
        steps = len(part.encoded[row])
        weights = looked(found)
        if weights is None or not 2 <= len(found[0].symbols) <= _LONGEST_MAP:
            continue
        read = encoding.pieces(part.examples.contents[row])
        if len(read) != steps or steps > _LONGEST_MAP:
            continue
        written = [_seen(one) for one in written_symbols(alphabet, found, given.owns[row])]
        maps.append(
            HeatMap(
                title=given.texts[row],
                rows=written,
                columns=read,
                shares=weights.round(3).tolist(),
                row_label="written",
                column_label="read",
            )
        )
        if len(maps) == _MAPS:
            break
    return Section(
        id="attention",
        heading="Where it looked",
        lead="For each symbol written (a row) where in what is read it looked: the darker, the more. "
        "The first texts that are short enough to be drawn.",
        pieces=maps,
        layout="grid",
    )


def _seen(symbol: str) -> str:
    return symbol if symbol.strip() else "␣"


def _examples(
    fitted: Fitted, part: Part, texts: Sequence[str], truth: Sequence[str], values: Any, name: str
) -> Section:
    """The worst of those that are not right, with what else was found, and the best; each once."""
    pairs = [(str(part.examples.contents[row]), texts[row], truth[row]) for row in range(len(part))]
    once: dict[Any, int] = {}
    for row in np.argsort(values, kind="stable").tolist():
        once.setdefault(pairs[row], row)
    order = [*once.values()]
    wrong = [row for row in order if texts[row] != truth[row]][:_EXAMPLES]
    best = [row for row in order[::-1] if row not in wrong][:_EXAMPLES]
    columns = ["read", "written", "should have been", name]
    rows: list[list[str | float]] = [[*pairs[row], _round(values[row])] for row in best]
    tables = [Table(title="Best" if wrong else "All are right to the letter", columns=columns, rows=rows)]
    if wrong:
        others = zip(wrong, _alternatives(fitted, part, wrong), strict=True)
        rows = [[*pairs[row], other, _round(values[row])] for row, other in others]
        tables.insert(0, Table(title="Worst", columns=[*columns[:3], "next best", name], rows=rows))
    told = signature(texts, truth)
    return Section(
        id="examples",
        heading="Worst and best" if wrong else "Examples",
        pieces=tables,
        layout="full",
        notes=[f"BLEU's signature: {told}."] if told else [],
    )


def _round(value: Any) -> float:
    return round(float(value), 1)


def _alternatives(fitted: Fitted, part: Part, rows: Sequence[int]) -> list[str]:
    """Of some rows the second-best hypothesis."""
    encoded = [part.encoded[row] for row in rows]
    options = TranslateAnswer(n_best=2)
    again = WritingPart(part.examples.rows(np.array(rows)), encoded, None, options)
    alphabet, told = fitted.schema.target.alphabet, answer(fitted, again)
    return [
        alphabet.content(found[1].symbols, own) if len(found) > 1 else ""
        for found, own in zip(told.found, told.owns, strict=True)
    ]


def _lengths(fitted: Fitted, part: Part, values: Any, name: str) -> Section:
    """Mean scores of texts of about the same length, about equally many in each group."""
    unit = fitted.config.unit
    lengths = np.array([len(one) for one in part.encoded])
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _BINS + 1)).round().astype(int))
    edges[-1:] += 1
    bars = []
    for low, end in pairwise(edges):
        inside = (lengths >= low) & (lengths < end)
        if not inside.any():
            continue
        span = str(low) if end == low + 1 else f"{low} to {end - 1}"
        label = f"{span} {unit}{'' if span == '1' else 's'} ({count(int(inside.sum()))})"
        bars.append(Bar(label=label, value=_round(values[inside].mean())))
    title = f"Mean of {name}, by the length of what is read"
    pieces = [Bars(title=title, bars=bars)] if len(bars) > 1 else []
    return Section(id="lengths", heading="By length", pieces=pieces, layout="full")

"""Tables of the page: the models' scores, and the series from the hardest to the easiest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recurra.report.metric import Metric, metric
from recurra.report.number import count, duration, signed_percent
from recurra.report.record import MetricsRecord, ModelRecord
from recurra.report.verdict import reference_of, relative, subject_of

MOST_SERIES = 1000
"""Rows of the table of all series; more would make a page that nobody scrolls."""

FEW_SERIES = 10
"""Up to so many series are shown at once."""


@dataclass(frozen=True)
class Cell:
    """A score: the text, the exact number behind it, and whether it is the best of several."""

    text: str
    value: float | None
    best: bool = False


@dataclass(frozen=True)
class Bar:
    """A model's first metric relative to the reference's.

    Attributes:
        text: The change with its sign.
        side: "better", "worse" or "none".
        length: Percent of half the bar's track.
        beyond: Whether the change is larger than the track shows.
    """

    text: str
    side: str
    length: float
    beyond: bool = False


@dataclass(frozen=True)
class ScoreRow:
    """One model of the table of scores."""

    label: str
    kind: str
    is_subject: bool
    is_reference: bool
    cells: list[Cell]
    bar: Bar
    seconds: str
    parameters: str


@dataclass(frozen=True)
class SeriesRow:
    """One series of the table of series; `change` is relative to the reference."""

    unique_id: str
    cells: list[Cell]
    change: Bar


@dataclass(frozen=True)
class SeriesTable:
    """The series, hardest first.

    Attributes:
        columns: What the cells are.
        worst: The hardest, or all where there are few.
        best: The easiest, or none where there are few.
        rows: All, or the hardest `MOST_SERIES`; empty where there are few.
        total: How many series there are.
    """

    columns: list[Metric]
    worst: list[SeriesRow]
    best: list[SeriesRow]
    rows: list[SeriesRow]
    total: int


def score_rows(metrics: MetricsRecord) -> list[ScoreRow]:
    """All models, best first by the first metric."""
    first, subject, reference = metric(metrics.metrics[0]), subject_of(metrics), reference_of(metrics)
    models = sorted(metrics.models, key=lambda model: first.badness(model.scores.get(first.name)))
    columns = [_cells(metric(name), [model.scores.get(name) for model in models]) for name in metrics.metrics]
    bars = _bars(first, [relative(metrics, model, first.name) for model in models])
    return [
        ScoreRow(
            label=model.label,
            kind=model.kind,
            is_subject=model is subject,
            is_reference=model is reference,
            cells=[column[index] for column in columns],
            bar=bars[index],
            seconds=duration(model.seconds),
            parameters=count(model.parameters),
        )
        for index, model in enumerate(models)
    ]


def series_table(metrics: MetricsRecord, shown: int = 5) -> SeriesTable | None:
    """The subject's scores by series; None where they were not recorded, or one series has them all."""
    subject, first = subject_of(metrics), metric(metrics.metrics[0])
    rows = metrics.per_series.get(subject.name, [])
    if len(rows) < 2:
        return None
    rows = sorted(rows, key=lambda row: -_finite_badness(first, _number(row.get(first.name))))
    columns = [metric(name) for name in metrics.metrics if any(row.get(name) is not None for row in rows)]
    few = len(rows) <= FEW_SERIES
    made = _series_rows(metrics, columns, [*rows[:MOST_SERIES], *rows[MOST_SERIES:][-shown:]])
    return SeriesTable(
        columns=columns,
        worst=made if few else made[:shown],
        best=[] if few else made[::-1][:shown],
        rows=[] if few else made[:MOST_SERIES],
        total=len(rows),
    )


def leaders(metrics: MetricsRecord, most: int) -> list[ModelRecord]:
    """The subject, the reference, and the best of the others, in this order; at most so many."""
    first = metric(metrics.metrics[0])
    chosen = [subject_of(metrics)]
    if (reference := reference_of(metrics)) is not None:
        chosen.append(reference)
    others = [model for model in metrics.models if model not in chosen]
    others.sort(key=lambda model: first.badness(model.scores.get(first.name)))
    return (chosen + others)[:most]


def _series_rows(
    metrics: MetricsRecord, columns: Sequence[Metric], rows: Sequence[dict[str, str | float | None]]
) -> list[SeriesRow]:
    first, reference = metric(metrics.metrics[0]), reference_of(metrics)
    base = {row["unique_id"]: row for row in metrics.per_series.get(reference.name, [])} if reference else {}
    cells = [
        _cells(column, [_number(row.get(column.name)) for row in rows], bold=False) for column in columns
    ]
    changes = []
    for row in rows:
        own, other = _number(row.get(first.name)), _number(base.get(row["unique_id"], {}).get(first.name))
        changes.append(own / other - 1 if own is not None and other and other > 0 else None)
    bars = _bars(first, changes)
    return [
        SeriesRow(str(row["unique_id"]), [column[index] for column in cells], bars[index])
        for index, row in enumerate(rows)
    ]


def _cells(column: Metric, scores: list[float | None], *, bold: bool = True) -> list[Cell]:
    badness = [column.badness(score) for score in scores]
    known = [bad for bad in badness if bad < math.inf]
    least = min(known) if len(known) > 1 else None
    return [
        Cell(text, score, bold and bad == least)
        for text, score, bad in zip(column.texts(scores), scores, badness, strict=True)
    ]


def _bars(first: Metric, changes: Sequence[float | None]) -> list[Bar]:
    """Bars to a common scale; one twice as bad as the reference fills its half."""
    sizes = [abs(change) for change in changes if change is not None]
    longest = min(1.0, max(sizes, default=0.0)) or 1.0
    bars = []
    for change in changes:
        if change is None:
            bars.append(Bar(signed_percent(None), "none", 0.0))
            continue
        side = "none" if change == 0 else "better" if (change < 0) == (first.better == "low") else "worse"
        length = round(100 * min(1.0, abs(change) / longest), 1)
        bars.append(Bar(signed_percent(change), side, length, abs(change) > longest))
    return bars


def _number(value: str | float | None) -> float | None:
    return None if isinstance(value, str) else value


def _finite_badness(judge: Metric, score: float | None) -> float:
    """Badness for sorting the worst first: series without a score come last."""
    badness = judge.badness(score)
    return badness if math.isfinite(badness) else -math.inf

"""Tables of the page: the models' scores, and the groups from the hardest to the easiest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recurra.report.comparison import Change, change_of
from recurra.report.number import count, duration, plural, signed_percent
from recurra.report.record import MetricRecord, MetricsRecord, ModelRecord
from recurra.report.verdict import group_columns, group_pairs, reference_of, relative, subject_of

MOST_GROUPS = 1000
"""Rows of the table of all groups; more would make a page that nobody scrolls."""

FEW_GROUPS = 10
"""Up to so many groups are shown at once."""


@dataclass(frozen=True)
class Cell:
    """A score: the text, the exact number behind it, and whether it is the best of several.

    `miss` says on which side of its target it lies too far off: "below", "above", or "".
    """

    text: str
    value: float | None
    best: bool = False
    miss: str = ""


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
class GroupRow:
    """One group of the table of groups; `change` is relative to the reference."""

    name: str
    cells: list[Cell]
    change: Bar


@dataclass(frozen=True)
class GroupTable:
    """The groups, hardest first.

    Attributes:
        group: What they are: "series", "class".
        groups: Several of them: "series", "classes".
        columns: What the cells are.
        worst: The hardest, or all where there are few.
        best: The easiest, or none where there are few.
        rows: All, or the hardest `MOST_GROUPS`; empty where there are few.
        total: How many groups there are.
        compared: Whether some have a score of the reference beside theirs.
    """

    group: str
    groups: str
    columns: list[MetricRecord]
    worst: list[GroupRow]
    best: list[GroupRow]
    rows: list[GroupRow]
    total: int
    compared: bool


def score_rows(metrics: MetricsRecord) -> list[ScoreRow]:
    """All models, best first by the first metric."""
    first, subject, reference = metrics.metrics[0], subject_of(metrics), reference_of(metrics)
    models = sorted(metrics.models, key=lambda model: first.badness(model.scores.get(first.name)))
    columns = [_cells(one, [model.scores.get(one.name) for model in models]) for one in metrics.metrics]
    bars = _bars([relative(metrics, model) for model in models])
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


def group_table(metrics: MetricsRecord, shown: int = 5) -> GroupTable | None:
    """The subject's scores by group; None where they were not recorded, or one group has them all."""
    rows, columns = metrics.per_group.get(subject_of(metrics).name, []), group_columns(metrics)
    if len(rows) < 2 or not columns:
        return None
    first = columns[0]
    rows = sorted(rows, key=lambda row: -_finite_badness(first, _number(row.get(first.name))))
    few = len(rows) <= FEW_GROUPS
    made = _group_rows(metrics, columns, [*rows[:MOST_GROUPS], *rows[MOST_GROUPS:][-shown:]])
    return GroupTable(
        group=metrics.group,
        groups=plural(metrics.group),
        columns=columns,
        worst=made if few else made[:shown],
        best=[] if few else made[::-1][:shown],
        rows=[] if few else made[:MOST_GROUPS],
        total=len(rows),
        compared=bool(group_pairs(metrics)),
    )


def leaders(metrics: MetricsRecord, most: int) -> list[ModelRecord]:
    """The subject, the reference, and the best of the others, in this order; at most so many."""
    first = metrics.metrics[0]
    chosen = [subject_of(metrics)]
    if (reference := reference_of(metrics)) is not None:
        chosen.append(reference)
    others = [model for model in metrics.models if model not in chosen]
    others.sort(key=lambda model: first.badness(model.scores.get(first.name)))
    return (chosen + others)[:most]


def _group_rows(
    metrics: MetricsRecord,
    columns: Sequence[MetricRecord],
    rows: Sequence[dict[str, str | float | None]],
) -> list[GroupRow]:
    first, reference = columns[0], reference_of(metrics)
    base = {row["group"]: row for row in metrics.per_group.get(reference.name, [])} if reference else {}
    cells = [
        _cells(column, [_number(row.get(column.name)) for row in rows], bold=False) for column in columns
    ]
    others = [_number(base.get(row["group"], {}).get(first.name)) for row in rows]
    bars = _bars(
        [
            change_of(first, _number(row.get(first.name)), other)
            for row, other in zip(rows, others, strict=True)
        ]
    )
    return [
        GroupRow(str(row["group"]), [column[index] for column in cells], bars[index])
        for index, row in enumerate(rows)
    ]


def _cells(column: MetricRecord, scores: list[float | None], *, bold: bool = True) -> list[Cell]:
    badness = [column.badness(score) for score in scores]
    known = [bad for bad in badness if bad < math.inf]
    least = min(known) if len(known) > 1 else None
    return [
        Cell(text, score, bold and bad == least, column.miss(score) if bold else "")
        for text, score, bad in zip(column.texts(scores), scores, badness, strict=True)
    ]


def _bars(changes: Sequence[Change | None]) -> list[Bar]:
    """Bars to a common scale; one twice as bad as the reference fills its half."""
    sizes = [abs(change.gain) for change in changes if change is not None]
    longest = min(1.0, max(sizes, default=0.0)) or 1.0
    bars = []
    for change in changes:
        if change is None:
            bars.append(Bar(signed_percent(None), "none", 0.0))
            continue
        side = "none" if change.gain == 0 else "better" if change.gain > 0 else "worse"
        length = round(100 * min(1.0, abs(change.gain) / longest), 1)
        bars.append(Bar(change.signed, side, length, abs(change.gain) > longest))
    return bars


def _number(value: str | float | None) -> float | None:
    return None if isinstance(value, str) else value


def _finite_badness(judge: MetricRecord, score: float | None) -> float:
    """Badness for sorting the worst first: groups without a score come last."""
    badness = judge.badness(score)
    return badness if math.isfinite(badness) else -math.inf

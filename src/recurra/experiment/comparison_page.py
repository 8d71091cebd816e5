"""The page about a comparison: scores with their spread, all numbers, and the learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from recurra.experiment.comparison import ComparisonRecord, ContestantRecord
from recurra.experiment.comparison_table import columns_of, notes_of, remarks_of, verdict_of
from recurra.report.history import Course, read_course
from recurra.report.page import REPORT_FILE
from recurra.report.piece import Line, Lines, Point, Points, Role, Table
from recurra.report.section import Section
from recurra.report.sheet import Sheet, write_sheet

ROLES = cast("Sequence[Role]", ("model", "reference", "third", "fourth", "ink", "muted"))
SCORES = 3
"""Metrics that are drawn; the table has all."""
PLACES = 60
"""Places of a curve over time."""


def write_comparison_page(folder: Path, record: ComparisonRecord, settings: Mapping[str, Any]) -> Path:
    """Write `report.html` into the folder of a comparison.

    Raises:
        StorageError: It cannot be written.
    """
    data = f" on {record.data}" if record.data else ""
    sheet = Sheet(
        title=f"{len(record.models)} nets{data}",
        kind=f"comparison for {record.task}",
        finished=record.finished,
        headline=verdict_of(record),
        details=remarks_of(record),
        sections=[_scores(record), _table(record), *_learning(folder, record)],
        command=record.command,
        settings={**settings, "seeds": record.seeds, "budget": record.budget},
        versions=record.versions,
    )
    return write_sheet(folder / REPORT_FILE, sheet)


def _scores(record: ComparisonRecord) -> Section:
    pieces = []
    for metric in record.metrics[:SCORES]:
        points = [
            Point(label=one.label, values=list(one.spread(metric.name).values), role="model")
            for one in record.ranked
            if one.spread(metric.name).values
        ]
        points += [
            Point(label=one.label, values=[score], role="reference")
            for one in record.baselines
            if (score := one.scores.get(metric.name)) is not None
        ]
        if points:
            shared = metric.unit == "share"
            pieces.append(
                Points(title=metric.label, note=metric.note, points=points, unit="share" if shared else "")
            )
    lead = f"Of {record.judged}. " if record.judged else ""
    return Section(
        id="result",
        heading="Scores and their spread",
        lead=f"{lead}Large dots are means, lines reach one standard deviation to each side, small dots are "
        "seeds; what is no net has one dot.",
        pieces=pieces,
    )


def _table(record: ComparisonRecord) -> Section:
    columns = columns_of(record)
    rows = [list(row) for row in zip(*(one.texts for one in columns), strict=True)]
    table = Table(columns=[one.heading or "Model" for one in columns], rows=rows)
    return Section(id="table", heading="All numbers", pieces=[table], layout="full", notes=notes_of(record))


def _learning(folder: Path, record: ComparisonRecord) -> list[Section]:
    """Curves of validation, by epoch and by time; of as many nets as there are colours."""
    shown = record.ranked[: len(ROLES)]
    courses = {one.name: _courses(folder, one) for one in shown}
    known = [one for one in shown if courses[one.name]]
    name = _common(record, [course for own in courses.values() for course in own])
    if name is None or not known:
        return []
    longest = max(len(course.epochs) for own in courses.values() for course in own)
    by_epoch = [
        Line(label=one.label, role=role, y=_mean([_values(c, name) for c in courses[one.name]]))
        for one, role in zip(known, ROLES, strict=False)
    ]
    end = max(course.seconds for own in courses.values() for course in own)
    places = np.linspace(0, end, PLACES + 1)[1:] if end > 0 else np.arange(1.0, 2.0)
    by_time = [
        Line(label=one.label, role=role, y=_at(courses[one.name], name, places))
        for one, role in zip(known, ROLES, strict=False)
    ]
    label = _label(record, name)
    pieces = [
        Lines(title=f"{label} by epoch", x=list(range(1, longest + 1)), lines=by_epoch, x_label="epoch"),
        Lines(
            title=f"{label} by time of training",
            x=[float(place) for place in places],
            lines=by_time,
            x_label="seconds",
        ),
    ]
    left = len(record.ranked) - len(shown)
    notes = [f"The {len(shown)} best of {len(record.ranked)} nets are drawn."] if left else []
    lead = "Of the validation part, the mean over seeds."
    return [Section(id="learning", heading="Learning", lead=lead, pieces=pieces, layout="full", notes=notes)]


def _courses(folder: Path, net: ContestantRecord) -> list[Course]:
    return [read_course(folder / run.folder) for run in net.runs if not run.failed]


def _common(record: ComparisonRecord, courses: Sequence[Course]) -> str | None:
    """The loss or score of validation that every net has; the loss of training where there is none."""
    scores = [name for one in record.metrics for name in (f"valid_{one.name}", one.name)]
    every = [
        name
        for name in ("valid_loss", *scores, "train_loss")
        if all(name in course.metrics for course in courses)
    ]
    return every[0] if every and courses else None


def _label(record: ComparisonRecord, name: str) -> str:
    spelt = {"train_loss": "Training loss", "valid_loss": "Validation loss"}
    labels = {one.name: one.label for one in record.metrics}
    return spelt.get(name) or labels.get(name.removeprefix("valid_"), name)


def _values(course: Course, name: str) -> list[float]:
    return [epoch.get(name, np.nan) for epoch in course.epochs]


def _at(courses: Sequence[Course], name: str, places: Any) -> list[float]:
    """Mean values of the epochs over mean seconds of training; none before the first and after the last."""
    times = _mean([list(np.cumsum(_values(course, "seconds"))) for course in courses])
    values = _mean([_values(course, name) for course in courses])
    known = [(x, y) for x, y in zip(times, values, strict=True) if x is not None and y is not None]
    if not known:
        return [np.nan] * len(places)
    across, up = np.array(known, np.float64).T
    return [float(one) for one in np.interp(places, across, up, left=np.nan, right=np.nan)]


def _mean(curves: Sequence[Sequence[float]]) -> list[float | None]:
    """The mean of some curves at every place that any of them has."""
    length = max(map(len, curves), default=0)
    means: list[float | None] = []
    for place in range(length):
        known = [curve[place] for curve in curves if place < len(curve) and np.isfinite(curve[place])]
        means.append(float(np.mean(known)) if known else None)
    return means

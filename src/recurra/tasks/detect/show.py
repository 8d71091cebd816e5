"""What a detector has to show: the series and its scores, flagged stretches, and the worst of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64

from recurra.experiment.task import Description, Fitted, Rival
from recurra.inputs.series.panel import Panel
from recurra.metrics.detection import stretches
from recurra.report.heading import source_name
from recurra.report.number import count, fixed
from recurra.report.piece import Band, Line, Lines, Role, Span, Table
from recurra.report.record import MetricsRecord, Time
from recurra.report.section import Section
from recurra.tasks.detect.answer import Answer
from recurra.tasks.detect.table import DetectPart

SHOWN, STRONGEST = 3, 15
MOST_POINTS, MOST_SPANS = 1200, 80
_AROUND = 0.004  # of a chart: how wide a flagged stretch is drawn at least


def describe(fitted: Fitted, part: DetectPart) -> Description:
    """What was watched, and what was taken for normal."""
    panel, labels = part.panel, part.watched.labels
    rows = len(part)
    learnt = sum(part.units[name].probation for name in panel.ids)
    facts = [
        ("Series", count(len(panel))),
        ("Time step", str(panel.frequency)),
        ("Taken for normal", f"the first {count(learnt)} rows"),
        ("Flagged from", f"a score of {fitted.config.threshold:g}"),
    ]
    notes = ["A row is scored by what came before it; labels are never learnt from."]
    if labels is None or not labels[part.judged].any():
        notes.append(
            "The data do not say which rows are anomalies, so that nothing can be said of right or wrong."
        )
    else:
        found = sum(len(stretches((labels & part.judged)[rows])) for _, rows in part.each())
        facts.append(("Known anomalies", f"{count(int(labels[part.judged].sum()))} rows in {count(found)}"))
    return Description(
        title=f"{source_name(panel.table.source)}, anomalies",
        judged=f"{count(rows)} rows",
        facts=tuple(facts),
        source=panel.table.source,
        rows=len(panel.target),
        target=panel.columns.target,
        notes=tuple(notes),
    )


def show(fitted: Fitted, part: DetectPart, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """The series that have the most alarms, and the strongest anomalies of all."""
    del metrics
    told: Answer = rivals[0].answer
    judged = part.judged
    alarms = [int(told.alarms[rows].sum()) for _, rows in part.each()]
    chosen = np.argsort(alarms, kind="stable")[::-1][:SHOWN]
    pieces = []
    for series in sorted(int(one) for one in chosen):
        pieces += _pieces(part, told, series, fitted.config.threshold)
    shown = (
        f"Of {count(len(part.panel))} series those with the most alarms." if len(part.panel) > SHOWN else ""
    )
    return [
        Section(
            id="anomalies",
            heading="The strongest anomalies",
            lead="Stretches of flagged rows, by their highest score.",
            pieces=[_strongest(part, told, judged)],
            layout="full",
        ),
        Section(
            id="series",
            heading="The series and their scores",
            lead="Shaded: what was flagged, and above all what is known to be an anomaly.",
            pieces=pieces,
            layout="full",
            notes=[shown] if shown else [],
        ),
    ]


def _strongest(part: DetectPart, told: Answer, judged: Bool[np.ndarray, " rows"]) -> Table:
    labels = part.watched.labels
    found = []
    for series, (_, rows) in enumerate(part.each()):
        for begin, end in stretches((told.flags & judged)[rows]):
            own = slice(rows.start + begin, rows.start + end)
            peak = int(np.nanargmax(told.scores[own]))
            found.append((float(told.scores[own][peak]), series, begin, end, own.start + peak))
    found.sort(key=lambda one: -one[0])
    cells = []
    for highest, series, begin, end, peak in found[:STRONGEST]:
        row: list[str | float] = [
            _name(part.panel, series),
            str(_time(part.panel, series, begin)).replace("T", " "),
            end - begin,
            fixed(highest, 3),
            float(part.panel.target[peak]),
            float(told.expected[peak]),
        ]
        if labels is not None:
            first = int(part.panel.offsets[series])
            row.append("yes" if labels[first + begin : first + end].any() else "no")
        cells.append(row)
    columns = ["series", "begins", "rows", "score", "value", "expected"]
    rest = len(found) - len(cells)
    return Table(
        title=f"{count(len(found))} flagged",
        note=f"{count(rest)} weaker ones are left out." if rest > 0 else "",
        columns=[*columns, *(["known"] if labels is not None else [])],
        rows=cells,
    )


def _pieces(part: DetectPart, told: Answer, series: int, threshold: float) -> list[Lines]:
    """A series, and its scores beneath."""
    panel = part.panel
    _, rows = list(part.each())[series]
    values, name = panel.series(series), _name(panel, series)
    width = -(-len(values) // MOST_POINTS)
    times = _times(panel, series, np.arange(0, len(values), width))
    low, high = _extremes(values, width)
    spans = _spans(part, told.flags[rows], series, "flagged", "model")
    if part.watched.labels is not None:
        spans = [*_spans(part, part.watched.labels[rows], series, "known anomaly", "reference"), *spans]
    scores = told.scores[rows]
    highest = _extremes(scores, width)[1]
    label = f"highest of {width} rows" if width > 1 else "score"
    return [
        Lines(
            title=name,
            description=f"Series {name}, and where it was flagged.",
            x=times,
            lines=[Line(label=panel.columns.target, role="ink", y=_numbers((low + high) / 2))],
            bands=[
                Band(
                    label="lowest to highest",
                    level=100,
                    role="muted",
                    lower=_numbers(low),
                    upper=_numbers(high),
                )
            ]
            if width > 1
            else [],
            spans=spans,
            y_label=panel.columns.target,
        ),
        Lines(
            title=f"Scores of {name}",
            description=f"Scores of series {name}; a row is flagged from {threshold:g} on.",
            x=times,
            lines=[
                Line(label=label, role="model", y=_numbers(highest)),
                Line(label=f"flagged from {threshold:g}", role="muted", y=[threshold] * len(times)),
            ],
            y_label="score",
            from_zero=True,
        ),
    ]


def _extremes(
    values: Float64[np.ndarray, " steps"], width: int
) -> tuple[Float64[np.ndarray, " bins"], Float64[np.ndarray, " bins"]]:
    """Lowest and highest of so many consecutive steps each; NaN where none has a value."""
    padded = np.full(-(-len(values) // width) * width, np.nan)
    padded[: len(values)] = values
    table = padded.reshape(-1, width)
    low = np.where(np.isnan(table), np.inf, table).min(axis=1)
    high = np.where(np.isnan(table), -np.inf, table).max(axis=1)
    return np.where(np.isinf(low), np.nan, low), np.where(np.isinf(high), np.nan, high)


def _spans(
    part: DetectPart, flags: Bool[np.ndarray, " steps"], series: int, label: str, role: Role
) -> list[Span]:
    """The longest flagged stretches, drawn wide enough to be seen."""
    found = sorted(stretches(flags), key=lambda one: one[0] - one[1])[:MOST_SPANS]
    least, last = int(_AROUND * len(flags)), len(flags) - 1
    return [
        Span(
            label=label,
            role=role,
            begin=_time(part.panel, series, max(0, begin - least // 2)),
            end=_time(part.panel, series, min(last, max(end, begin + least // 2 + 1))),
        )
        for begin, end in sorted(found)
    ]


def _name(panel: Panel, series: int) -> str:
    return panel.ids[series] if panel.columns.unique_id else panel.columns.target


def _times(panel: Panel, series: int, steps: Int64[np.ndarray, " steps"]) -> list[Time]:
    """The times of some steps: whole numbers, or ISO 8601."""
    column = panel.index_frame(np.full(len(steps), series), steps)[panel.columns.time]
    return [one if isinstance(one, int) else one.isoformat() for one in column]


def _time(panel: Panel, series: int, step: int) -> Time:
    return _times(panel, series, np.array([step]))[0]


def _numbers(values: Float64[np.ndarray, " steps"]) -> list[float | None]:
    return [None if np.isnan(one) else float(one) for one in values]

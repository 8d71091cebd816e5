"""What a forecaster's report has to show: some forecasts to look at, and where the errors are."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from recurra.experiment.task import Fitted, Rival
from recurra.inputs.series.origin import Origins
from recurra.report.number import fixed
from recurra.report.piece import Line, Lines, Role, Scatter
from recurra.report.record import MetricsRecord
from recurra.report.section import Section
from recurra.report.table import leaders
from recurra.report.verdict import group_pairs, reference_of, subject_of, wins, within
from recurra.tasks.forecast.answer import Evaluation, evaluation_of
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.show_residual import residual_sections
from recurra.tasks.forecast.show_series import series_section
from recurra.tasks.forecast.show_window import numbers, window_legend, window_pieces, with_intervals

EXAMPLES = 4
MOST_DOTS = 2000
"""Series that are drawn as dots."""

LEADERS: tuple[Role, ...] = ("model", "reference", "third", "fourth")
"""Colours of several models: that of the run, the reference, and others."""


def show(
    fitted: Fitted, part: ForecastPart, rivals: Sequence[Rival], metrics: MetricsRecord
) -> list[Section]:
    """Some forecasts, errors by step, level and series, the worst forecasts, residuals, the series."""
    evaluation = evaluation_of(part, rivals)
    return [
        _forecasts_section(fitted, part),
        _errors_section(evaluation, metrics),
        *residual_sections(fitted, part, rivals[0]),
        series_section(part),
    ]


def _forecasts_section(fitted: Fitted, part: ForecastPart) -> Section:
    """Some forecasts with their history: from early and late moments of several series."""
    chosen, given = with_intervals(fitted, dataclasses.replace(part, origins=_chosen(part.origins)))
    return Section(
        id="forecasts",
        heading="Forecasts and what happened",
        lead="Each begins at the dotted line and saw nothing after it.",
        legend=window_legend(fitted, known="what happened", baseline=True),
        pieces=window_pieces(chosen, given, baseline=True),
        layout="hero",
    )


def _errors_section(evaluation: Evaluation, metrics: MetricsRecord) -> Section:
    calibration = _calibration_piece(evaluation)
    pieces: list[Lines | Scatter] = [*_step_piece(evaluation, metrics), *calibration, *_series_piece(metrics)]
    notes = [] if calibration else ["Calibration is not shown: the model gives no intervals."]
    return Section(id="errors", heading="Where the errors are", pieces=pieces, notes=notes)


def _step_piece(evaluation: Evaluation, metrics: MetricsRecord) -> list[Lines]:
    """Error by step ahead of the most telling models; nothing for one step."""
    by_step = {model.name: model.scores.by_step for model in evaluation.models}
    shown = [model for model in leaders(metrics, len(LEADERS)) if model.name in by_step]
    judges = [one for one in metrics.metrics if all(one.name in by_step[model.name] for model in shown)]
    if not judges or len(by_step[shown[0].name][judges[0].name]) < 2:
        return []
    judge = judges[0]
    lines = [
        Line(label=model.label, role=role, y=numbers(by_step[model.name][judge.name]))
        for model, role in zip(shown, LEADERS, strict=False)
    ]
    return [
        Lines(
            title="Error by step ahead",
            note=f"{judge.label} at each step of the forecast.",
            description=f"{judge.label} by step ahead of {', '.join(model.label for model in shown)}.",
            x=list(range(1, max(len(line.y) for line in lines) + 1)),
            lines=lines,
            x_label="steps ahead",
            y_label=judge.label,
            from_zero=True,
            labels="ends",
        )
    ]


def _calibration_piece(evaluation: Evaluation) -> list[Scatter]:
    """Coverage of the intervals against what it should be."""
    overall = evaluation.models[0].scores.overall
    named = [
        (name.removeprefix("coverage_"), value) for name, value in overall.items() if "coverage_" in name
    ]
    points = sorted((float(level) / 100, value) for level, value in named if np.isfinite(value))
    if not points:
        return []
    words = [f"{fixed(100 * held, 1)} % inside the {100 * level:g} % interval" for level, held in points]
    return [
        Scatter(
            title="Calibration of the intervals",
            note="On the dashed line, an interval holds just what it promises.",
            description=f"Coverage of the intervals: {', '.join(words)}.",
            points=points,
            connected=True,
            above="intervals too wide",
            below="intervals too narrow",
            x_label="level of the interval",
            y_label="truth inside",
            unit="share",
        )
    ]


def _series_piece(metrics: MetricsRecord) -> list[Scatter]:
    """The reference's score of every series against the network's; nothing for a few series."""
    counted, reference = wins(metrics), reference_of(metrics)
    positive = [pair for pair in group_pairs(metrics) if min(pair) > 0]
    apart = -(-len(positive) // MOST_DOTS)
    if counted is None or reference is None or len(positive) < 5:
        return []
    subject, judge = subject_of(metrics), metrics.metrics[0]
    across = f"{judge.label} of every series, {reference.label} across, {subject.label} up."
    dots = "One dot a series" if apart == 1 else f"One of {apart} series is drawn"
    note = f"{dots}; below the dashed line {subject.label} is better: {counted[0]} of {counted[1]}."
    return [
        Scatter(
            title=f"Against {within(reference.label)}, series by series",
            note=note,
            description=f"{across} {note}",
            points=positive[::apart],
            x_label=f"{judge.label} of the baseline",
            y_label=f"{judge.label} of the model",
        )
    ]


def _chosen(origins: Origins) -> Origins:
    """Some of the moments, of as many series as there are; the last moment of the first series leads."""
    named = np.unique(origins.series)
    picked = named[np.linspace(0, len(named) - 1, min(EXAMPLES, len(named))).round().astype(int)]
    series, position = [], []
    for number, one in enumerate(picked):
        own = origins.position[origins.series == one]
        share = EXAMPLES // len(picked) + (number < EXAMPLES % len(picked))
        spread = own[np.linspace(len(own) - 1, 0, min(share, len(own))).round().astype(int)]
        series += [one] * len(spread)
        position += spread.tolist()
    return Origins(np.array(series), np.array(position))

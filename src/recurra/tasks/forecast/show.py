"""What a forecaster's report has to show: some forecasts to look at, and where the errors are."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from jaxtyping import Float

from recurra.experiment.task import Fitted, Rival
from recurra.inputs.series.origin import Origins
from recurra.metrics.forecast_baseline import BASELINES
from recurra.report.heading import time_text
from recurra.report.number import fixed
from recurra.report.piece import Band, LegendItem, Line, Lines, Role, Scatter
from recurra.report.record import MetricsRecord
from recurra.report.section import Section
from recurra.report.table import leaders
from recurra.report.verdict import group_pairs, reference_of, subject_of, wins, within
from recurra.tasks.forecast.answer import REFERENCE, Evaluation, answer, evaluation_of, interval_probabilities
from recurra.tasks.forecast.part import ForecastPart, history_of
from recurra.tasks.forecast.wording import times_of

EXAMPLES = 6
SHOWN_LEVELS = (80.0, 95.0)
LEADERS: tuple[Role, ...] = ("model", "reference", "third", "fourth")
"""Colours of several models: that of the run, the reference, and others."""


def show(
    fitted: Fitted, part: ForecastPart, rivals: Sequence[Rival], metrics: MetricsRecord
) -> list[Section]:
    """Some forecasts, and the errors by step, by level and by series."""
    chosen = dataclasses.replace(
        part, origins=_chosen(part.origins), probabilities=interval_probabilities(SHOWN_LEVELS)
    )
    evaluation = evaluation_of(part, rivals)
    return [_forecasts_section(list(_examples(fitted, chosen))), _errors_section(evaluation, metrics)]


def _forecasts_section(examples: list[Lines]) -> Section:
    levels = sorted(SHOWN_LEVELS, reverse=True)
    intervals = [
        LegendItem(label=f"{level:g} % interval", mark="deep" if number else "area")
        for number, level in enumerate(levels)
    ]
    legend = [
        LegendItem(label="what happened", role="ink"),
        LegendItem(label="forecast (median)", role="model"),
        *intervals,
        LegendItem(label=BASELINES[REFERENCE].label, role="reference"),
    ]
    return Section(
        id="forecasts",
        heading="Forecasts",
        lead="Each begins at the dotted line and saw nothing after it.",
        legend=legend,
        pieces=examples,
        layout="hero",
    )


def _examples(fitted: Fitted, part: ForecastPart) -> Iterator[Lines]:
    """Some forecasts with their history: from early and late moments of several series."""
    panel, horizon, season = part.panel, part.resolved.horizon, part.panel.season_length
    shown = min(part.resolved.context, max(3 * horizon, 2 * season), max(64, 4 * horizon))
    few = max(32, 2 * horizon)
    given = answer(fitted, part)
    rows = iter(zip(given.point, cast("np.ndarray", given.quantiles), strict=True))
    for windows in part.windows():
        naive = BASELINES[REFERENCE](*history_of(panel, windows), horizon, season)
        for row in range(len(windows)):
            point, quantiles = next(rows)
            series, origin = int(windows.series[row]), int(windows.origin[row])
            before = min(shown, origin)
            values = windows.target[row].numpy() + panel.levels[series]
            values = np.where(windows.observed[row].numpy(), values, np.nan)
            times = times_of(panel, series, origin - before, origin + horizon)
            last = time_text(times[before - 1])
            yield Lines(
                title=panel.ids[series],
                note=f"from {last}",
                description=f"Forecast of {horizon} steps for series {panel.ids[series]}, made after {last}, "
                "with intervals, beside what happened.",
                x=times,
                lines=[
                    Line(label="forecast", role="model", start=before, y=_numbers(point)),
                    Line(label="truth", role="ink", y=_numbers(values[windows.context - before :])),
                    Line(label=REFERENCE, role="reference", start=before, y=_numbers(naive[row])),
                ],
                bands=[
                    Band(
                        label=f"{level:g} % interval",
                        level=level,
                        start=before,
                        lower=_numbers(quantiles[:, 2 * index]),
                        upper=_numbers(quantiles[:, 2 * index + 1]),
                    )
                    for index, level in enumerate(SHOWN_LEVELS)
                ],
                marker=times[before - 1],
                small_start=max(0, before - few),
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
        Line(label=model.label, role=role, y=_numbers(by_step[model.name][judge.name]))
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
    if counted is None or reference is None or len(positive) < 5:
        return []
    subject, judge = subject_of(metrics), metrics.metrics[0]
    across = f"{judge.label} of every series, {reference.label} across, {subject.label} up."
    note = f"One dot a series; below the dashed line {subject.label} is better: {counted[0]} of {counted[1]}."
    return [
        Scatter(
            title=f"Against {within(reference.label)}, series by series",
            note=note,
            description=f"{across} {note}",
            points=positive,
            x_label=f"{judge.label} of the baseline",
            y_label=f"{judge.label} of the model",
        )
    ]


def _chosen(origins: Origins) -> Origins:
    """Six of the moments, of as many series as there are; the last moment of the first series leads."""
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


def _numbers(values: Float[np.ndarray, " steps"]) -> list[float | None]:
    """As many digits as tell each value from the others, and seven at least."""
    finite = values[np.isfinite(values)]
    moves = float(np.ptp(finite)) if len(finite) else 0.0
    far = float(np.abs(finite).max()) / moves if moves > 0 else 1.0
    digits = min(15, 6 + max(1, math.ceil(math.log10(max(far, 1.0)))))
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in values]

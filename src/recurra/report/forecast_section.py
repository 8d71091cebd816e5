"""Forecasts and errors of the page: figures with the sentences around them."""

from dataclasses import dataclass

from markupsafe import Markup

from recurra.report.figure import (
    SMALL,
    WIDE,
    calibration_figure,
    forecast_figure,
    series_figure,
    step_figure,
)
from recurra.report.heading import time_text
from recurra.report.metric import metric
from recurra.report.record import ExampleRecord, ExamplesRecord, MetricsRecord
from recurra.report.table import leaders
from recurra.report.verdict import reference_of, series_pairs, subject_of, wins, within

MOST_EXAMPLES = 7
_MOST_DOTS = 1500


@dataclass(frozen=True)
class Panel:
    """A figure with its heading and the sentence beneath; `wide` is the same drawn for wide screens."""

    title: str
    note: str
    svg: Markup
    wide: Markup | None = None


@dataclass(frozen=True)
class Forecasts:
    """Some forecasts and what their figures show.

    Attributes:
        first: Shown largest.
        others: Shown beside each other.
        levels: Levels of the intervals, widest first.
        reference: Label of the baseline that is drawn; None where none is.
    """

    first: Panel
    others: list[Panel]
    levels: list[str]
    reference: str | None


@dataclass(frozen=True)
class Errors:
    """Where the errors are: by step ahead, in the intervals, by series; None for what was not recorded."""

    step: Panel | None
    calibration: Panel | None
    series: Panel | None


def forecasts(examples: ExamplesRecord | None, metrics: MetricsRecord | None) -> Forecasts | None:
    """Draw the examples; None where there are none."""
    if examples is None or not examples.examples:
        return None
    chosen = examples.examples[:MOST_EXAMPLES]
    reference = reference_of(metrics) if metrics else None
    name = reference.name if reference else "seasonal_naive"
    shown = any(name in example.baselines for example in chosen)
    levels = {interval.level for example in chosen for interval in example.intervals}
    panels = [_forecast_panel(example, name, index) for index, example in enumerate(chosen)]
    label = reference.label if reference else "Seasonal naive"
    levels_text = [f"{level:g}" for level in sorted(levels, reverse=True)]
    return Forecasts(panels[0], panels[1:], levels_text, label if shown else None)


def errors(metrics: MetricsRecord | None) -> Errors:
    """Figures of where the errors are, as far as they are recorded."""
    if metrics is None:
        return Errors(None, None, None)
    return Errors(_step_panel(metrics), _calibration_panel(metrics), _series_panel(metrics))


def _forecast_panel(example: ExampleRecord, reference: str, index: int) -> Panel:
    origin = time_text(example.origin)
    description = (
        f"Forecast of {len(example.ds)} steps for series {example.unique_id}, made after {origin}, "
        "with intervals, beside what happened."
    )
    name = f"forecast-{index}"
    svg = forecast_figure(example, reference, name, description, SMALL)
    wide = None
    if index == 0:
        wide = forecast_figure(example, reference, f"{name}-wide", description, WIDE)
    return Panel(example.unique_id, f"from {origin}", svg, wide)


def _step_panel(metrics: MetricsRecord) -> Panel | None:
    recorded = [one for one in leaders(metrics, 4) if one.name in metrics.by_step]
    names = [name for name in metrics.metrics if all(name in metrics.by_step[one.name] for one in recorded)]
    if not recorded or not names or recorded[0] is not subject_of(metrics):
        return None
    if len(metrics.by_step[recorded[0].name][names[0]]) < 2:
        return None
    judge = metric(names[0])
    lines = [metrics.by_step[one.name][names[0]] for one in recorded]
    description = f"{judge.label} by step ahead of {', '.join(one.label for one in recorded)}."
    svg = step_figure(lines, "by-step", description, judge.label)
    return Panel("Error by step ahead", f"{judge.label} at each step of the forecast.", svg)


def _calibration_panel(metrics: MetricsRecord) -> Panel | None:
    if not metrics.calibration:
        return None
    pairs = [f"{100 * one.coverage:.1f} % inside the {one.level:g} % interval" for one in metrics.calibration]
    description = f"Coverage of the intervals: {', '.join(pairs)}."
    svg = calibration_figure(metrics.calibration, "calibration", description)
    note = "On the dashed line, an interval holds just what it promises."
    return Panel("Calibration of the intervals", note, svg)


def _series_panel(metrics: MetricsRecord) -> Panel | None:
    counted, reference = wins(metrics), reference_of(metrics)
    positive = [pair for pair in series_pairs(metrics) if min(pair) > 0]
    if counted is None or reference is None or len(positive) < 5:
        return None
    subject, judge = subject_of(metrics), metric(metrics.metrics[0])
    step = -(-len(positive) // _MOST_DOTS)
    note = f"One dot a series; below the dashed line {subject.label} is better: {counted[0]} of {counted[1]}."
    svg = series_figure(
        positive[::step],
        "by-series",
        f"{judge.label} of every series, {reference.label} across and {subject.label} up. {note}",
        f"{judge.label} of the baseline",
        f"{judge.label} of the model",
    )
    return Panel(f"Against {within(reference.label)}, series by series", note, svg)

"""Forecasts as figures: what came before, the forecast with its intervals, and what happened."""

import dataclasses
import math
from collections.abc import Sequence
from typing import cast

import numpy as np
from jaxtyping import Float

from recurra.experiment.task import Fitted
from recurra.inputs.series.window import history_before
from recurra.metrics.forecast_baseline import BASELINES
from recurra.report.heading import time_text
from recurra.report.piece import Band, LegendItem, Line, Lines
from recurra.tasks.forecast.answer import REFERENCE, Answer, answer, interval_probabilities
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.wording import series_name, times_of

SHOWN_LEVELS = (80.0, 95.0)


def window_legend(fitted: Fitted, *, known: str, baseline: bool) -> list[LegendItem]:
    """What the colours of such figures mean; `known` says what the line of the truth is."""
    intervals = [
        LegendItem(label=f"{level:g} % interval", mark="deep" if number else "area")
        for number, level in enumerate(sorted(SHOWN_LEVELS, reverse=True))
    ]
    naive = [LegendItem(label=BASELINES[REFERENCE].label, role="reference")] if baseline else []
    return [
        LegendItem(label=known, role="ink"),
        LegendItem(label=f"forecast ({fitted.config.point})", role="model"),
        *intervals,
        *naive,
    ]


def with_intervals(fitted: Fitted, part: ForecastPart) -> tuple[ForecastPart, Answer]:
    """A part that asks for the intervals that are shown, and its forecasts."""
    asked = dataclasses.replace(part, probabilities=interval_probabilities(SHOWN_LEVELS))
    return asked, answer(fitted, asked)


def window_pieces(
    part: ForecastPart, given: Answer, notes: Sequence[str] = (), *, baseline: bool
) -> list[Lines]:
    """A figure for each window of a part.

    Args:
        part: Series and moments.
        given: Their forecasts, with the intervals of `SHOWN_LEVELS`.
        notes: What to say of each; empty: when it begins.
        baseline: Whether to draw a seasonal naive forecast too.
    """
    panel, horizon, season = part.panel, part.resolved.horizon, part.panel.season_length
    naive = np.zeros((len(part), 0))
    if baseline:
        steps = max(part.resolved.context, 2 * season)
        naive = BASELINES[REFERENCE](*history_before(panel, part.origins, steps), horizon, season)
    quantiles = cast("np.ndarray", given.quantiles)
    pieces = []
    for row, (series, origin) in enumerate(zip(*(one.tolist() for one in part.origins), strict=True)):
        shown = min(part.resolved.context, max(3 * horizon, 2 * season), max(64, 4 * horizon))
        before = min(shown, origin)
        named, times = series_name(panel, series), times_of(panel, series, origin - before, origin + horizon)
        last = time_text(times[before - 1])
        note = notes[row] if notes else f"from {last}"
        lines = [Line(label="forecast", role="model", start=before, y=numbers(given.point[row]))]
        truth = panel.series(series)[origin - before : origin + horizon]
        lines.append(Line(label="truth", role="ink", y=numbers(truth)))
        if baseline:
            lines.append(Line(label=REFERENCE, role="reference", start=before, y=numbers(naive[row])))
        beside = ", beside what happened" if len(truth) > before else ""
        pieces.append(
            Lines(
                title=named,
                note=note,
                description=f"Forecast of {horizon} steps for series {named}, made after {last}, "
                f"with intervals{beside}.",
                x=times,
                lines=lines,
                bands=_bands(quantiles[row], before),
                marker=times[before - 1],
                small_start=max(0, before - max(32, 2 * horizon)),
                y_label=part.target,
            )
        )
    return pieces


def _bands(quantiles: Float[np.ndarray, "horizon quantiles"], start: int) -> list[Band]:
    return [
        Band(
            label=f"{level:g} % interval",
            level=level,
            start=start,
            lower=numbers(quantiles[:, 2 * index]),
            upper=numbers(quantiles[:, 2 * index + 1]),
        )
        for index, level in enumerate(SHOWN_LEVELS)
    ]


def numbers(values: Float[np.ndarray, " steps"]) -> list[float | None]:
    """As many digits as tell each value from the others, and seven at least."""
    finite = values[np.isfinite(values)]
    moves = float(np.ptp(finite)) if len(finite) else 0.0
    far = float(np.abs(finite).max()) / moves if moves > 0 else 1.0
    digits = min(15, 6 + max(1, math.ceil(math.log10(max(far, 1.0)))))
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in values]

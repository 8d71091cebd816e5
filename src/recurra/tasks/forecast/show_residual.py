"""Residuals of a forecaster on what it is scored on: their spread, what is left in them, the largest."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from recurra.experiment.task import Fitted, Rival
from recurra.inputs.series.origin import Origins
from recurra.report.heading import time_text
from recurra.report.number import percent, plain
from recurra.report.piece import Band, Columns, Line, Lines
from recurra.report.section import Section
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.show_window import numbers, window_legend, window_pieces, with_intervals
from recurra.tasks.forecast.wording import time_at

WORST = 3
FEW = 30
"""Fewer residuals do not show a spread, and fewer forecasts in a row not what is left in them."""

_BINS = 31
_MOST_LAGS = 60


@dataclass(frozen=True)
class Residuals:
    """Truth minus forecast.

    Attributes:
        values: NaN where there is no truth; of several series each is divided by what MASE divides by.
        unit: What they are measured in, in words.
    """

    values: Float[np.ndarray, "windows horizon"]
    unit: str

    @classmethod
    def of(cls, part: ForecastPart, subject: Rival) -> "Residuals":
        """The residuals of a model."""
        truth = part.truth
        off = np.where(truth.judged, truth.values - subject.answer.point, np.nan)
        if len(part.panel) == 1:
            return cls(off, part.target)
        scale = truth.scale.values[truth.series][:, None]
        return cls(off / np.where(scale > 0, scale, np.nan), "of MASE")

    @property
    def axis(self) -> str:
        """The label of an axis."""
        return "truth \N{MINUS SIGN} forecast, " + (
            "in units of MASE" if self.unit == "of MASE" else self.unit
        )


def residual_sections(fitted: Fitted, part: ForecastPart, subject: Rival) -> list[Section]:
    """The worst forecasts, and the residuals of all."""
    residuals = Residuals.of(part, subject)
    return [*_worst_section(fitted, part, residuals), *_residual_section(part, residuals)]


def _residual_section(part: ForecastPart, residuals: Residuals) -> list[Section]:
    known = residuals.values[np.isfinite(residuals.values)]
    if len(known) < FEW:
        return []
    left = _left_piece(part, residuals)
    pieces: list[Lines | Columns] = [_spread_piece(known, residuals), *left, *_bias_piece(residuals)]
    several = " Each series is measured in the mean error of seasonal naive in its training part."
    notes = [] if left else ["Autocorrelation is not shown: there are too few forecasts one after another."]
    return [
        Section(
            id="residuals",
            heading="Residuals",
            lead="What happened minus what was forecast, in the scored part."
            + (several if residuals.unit == "of MASE" else ""),
            pieces=pieces,
            notes=notes,
        )
    ]


def _spread_piece(known: Float[np.ndarray, " residuals"], residuals: Residuals) -> Columns:
    """How the residuals are spread; the outermost columns hold what lies beyond."""
    reach = float(np.quantile(np.abs(known), 0.995)) or 1.0
    edges = np.linspace(-reach, reach, _BINS + 1)
    heights = np.histogram(np.clip(known, -reach, reach), edges)[0] / len(known)
    half = float(np.quantile(np.abs(known), 0.5))
    return Columns(
        title="How they are spread",
        note=f"Mean {plain(float(known.mean()), 2)}; half of them are below {plain(half, 2)} in size.",
        x=((edges[1:] + edges[:-1]) / 2).tolist(),
        heights=heights.tolist(),
        x_label=residuals.axis,
        y_label="share",
        unit="share",
    )


def _left_piece(part: ForecastPart, residuals: Residuals) -> list[Columns]:
    """Autocorrelation of the residuals one step ahead, of all series together."""
    series, position = part.origins
    same = series[1:] == series[:-1]
    if not same.any():
        return []
    stride = int(np.min((position[1:] - position[:-1])[same]))
    runs = [residuals.values[series == one, 0] for one in np.unique(series)]
    longest = max(len(run) for run in runs)
    lags = min(max(2 * part.panel.season_length // stride, 12), _MOST_LAGS, longest // 4)
    centred = [run - np.nanmean(run) for run in runs if np.isfinite(run).sum() > 1]
    total = sum(int(np.isfinite(run).sum()) for run in centred)
    size = sum(float(np.nansum(run**2)) for run in centred) / max(total, 1)
    if longest < FEW or lags < 1 or size == 0:
        return []
    found = []
    for lag in range(1, lags + 1):
        pairs = np.concatenate([run[lag:] * run[:-lag] for run in centred if len(run) > lag])
        pairs = pairs[np.isfinite(pairs)]
        found.append(float(pairs.mean()) / size if len(pairs) else None)
    luck = 1.96 / total**0.5
    beyond = sum(value is not None and abs(value) > luck for value in found)
    return [
        Columns(
            title="What is left in them",
            note="Autocorrelation one step ahead; within the dashed lines it is luck "
            f"({lags - beyond} of {lags} lags).",
            x=[float(stride * lag) for lag in range(1, lags + 1)],
            heights=found,
            limit=luck,
            x_label="steps apart",
            y_label="autocorrelation",
        )
    ]


def _bias_piece(residuals: Residuals) -> list[Lines]:
    """Mean and middle of the residuals by step; nothing for one step."""
    values = residuals.values[:, np.isfinite(residuals.values).any(axis=0)]
    if values.shape[1] < 2 or values.shape[1] < residuals.values.shape[1]:
        return []
    steps = list(range(1, values.shape[1] + 1))
    mean, (low, high) = np.nanmean(values, axis=0), np.nanquantile(values, (0.1, 0.9), axis=0)
    above = float(np.mean(values[np.isfinite(values)] > 0))
    return [
        Lines(
            title="Bias by step ahead",
            note=f"Above zero forecasts were too low, as {percent(above)} of them were.",
            description=f"Mean residual by step ahead, and the middle 80 % of them, in {residuals.axis}.",
            x=steps,
            lines=[
                Line(label="mean", role="model", y=numbers(mean)),
                Line(label="zero", role="muted", y=[0.0] * len(steps)),
            ],
            bands=[Band(label="middle 80 %", level=80, lower=numbers(low), upper=numbers(high))],
            x_label="steps ahead",
            y_label=residuals.axis,
        )
    ]


def _worst_section(fitted: Fitted, part: ForecastPart, residuals: Residuals) -> list[Section]:
    """The forecasts that are furthest off, no two of them of the same steps."""
    there = np.isfinite(residuals.values)
    size = np.where(there, np.abs(residuals.values), 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    middle = float(np.median(size[size > 0])) if (size > 0).any() else np.inf
    rows: list[int] = []
    for row in np.argsort(-size, kind="stable").tolist():
        near = [one for one in rows if part.origins.series[one] == part.origins.series[row]]
        apart = [abs(int(part.origins.position[one] - part.origins.position[row])) for one in near]
        if size[row] > middle and all(distance >= part.resolved.horizon for distance in apart):
            rows.append(row)
        if len(rows) == WORST:
            break
    if not rows or len(part) < 2 * WORST:
        return []
    chosen = dataclasses.replace(part, origins=Origins(*(values[rows] for values in part.origins)))
    notes = []
    for row in rows:
        series, origin = int(part.origins.series[row]), int(part.origins.position[row])
        since = time_text(time_at(part.panel, series, origin - 1))
        notes.append(f"from {since}: {plain(float(size[row] / middle), 2)} times the usual error")
    asked, given = with_intervals(fitted, chosen)
    return [
        Section(
            id="worst",
            heading="The worst forecasts",
            lead="The largest mean errors, no two of the same steps; the usual error is the median of all.",
            legend=window_legend(fitted, known="what happened", baseline=True),
            pieces=window_pieces(asked, given, notes, baseline=True),
        )
    ]

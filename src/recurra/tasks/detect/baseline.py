"""Detectors that need no net: windowed Gaussian, seasonal residual, spectral residual; all of them online."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Rival
from recurra.metrics.deviation import Values, gaussian_deviations, seasonal_deviations, spectral_saliency
from recurra.tasks.detect.answer import Answer
from recurra.tasks.detect.table import DetectPart

_DEVIATIONS = 3.29  # of a normal distribution, which one of a thousand lies beyond
_LIKELY = 3.0  # means of the saliency around, from which on Ren and others call a value an anomaly


def naive(schema: Any, learnt: Mapping[str, Learnt], part: DetectPart) -> Iterable[Rival]:
    """What the three say; a row is flagged from the point on that each calls unlikely."""
    del schema, learnt
    season = part.panel.season_length
    yield _rival("windowed_gaussian", "Windowed Gaussian", part, gaussian_deviations, _DEVIATIONS)
    if season > 1:
        yield _rival(
            "seasonal_residual",
            f"Seasonal residual ({season} steps)",
            part,
            lambda values: seasonal_deviations(values, season),
            _DEVIATIONS,
        )
    yield _rival("spectral_residual", "Spectral residual", part, spectral_saliency, _LIKELY)


def _rival(
    name: str, label: str, part: DetectPart, measure: Callable[[Values], Values], limit: float
) -> Rival:
    """A detector's answer: half of the highest score at its limit."""
    found, judged = Answer.empty(len(part.panel.target)), part.judged
    for one, rows in part.each():
        values = np.concatenate([part.before.get(one, np.empty(0)), part.panel.target[rows]])
        there = ~np.isnan(values)
        scores = np.full(len(values), np.nan)
        measured = measure(values[there])
        scores[there] = measured / (measured + limit)
        found.scores[rows] = scores[len(values) - (rows.stop - rows.start) :]
    found.flags[:] = judged & (np.nan_to_num(found.scores) >= 0.5)
    starts = np.diff(found.flags.astype(np.int8), prepend=0) > 0
    found.alarms[:] = starts
    found.onsets[:] = np.where(starts, np.nan_to_num(found.scores), 0.0)
    return Rival(name, label, "naive", found)

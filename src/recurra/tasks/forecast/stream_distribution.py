"""Point and intervals of streams whose programs give raw parameters of a distribution, as heads make them.

A file of its own, since it needs SciPy, which streams of quantiles do without.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from recurra.tasks.forecast.distribution import negative_binomial_quantiles, student_t_quantiles
from recurra.tasks.forecast.stream_interval import Outputs, Reader, Scores, Values, both_ends, scores_of


class StudentT(Reader):
    """Reads location, width and freedom: `recurra.tasks.forecast.head.StudentTHead`.

    Args:
        about: Metadata of the program.
        levels: Of the intervals to give.
    """

    def __init__(self, about: Mapping[str, Any], levels: Sequence[float]) -> None:
        self._levels, self._mean, self._unit = levels, float(about["mean"]), float(about["unit"])
        self._last_counts, self._widening = about["centre"] == "last", np.array(about["widening"])

    def __call__(self, outputs: Outputs, last: np.float32, scores: Scores | None = None) -> Values:
        """See `Reader`."""
        raw = outputs.astype(np.float64)
        location = (float(last) if self._last_counts else self._mean) + self._unit * raw[:1]
        if not self._levels:
            return location
        width = self._widening * self._unit * (np.logaddexp(0, raw[1]) + 1e-4)
        parameters = np.stack([location[0], width, 2.01 + np.logaddexp(0, raw[2])], axis=-1)
        ends = student_t_quantiles(parameters, probabilities(scores, self._levels).T)
        values: Values = np.concatenate([location, ends.T])
        return values


class NegativeBinomial(Reader):
    """Reads mean and dispersion of counts: `recurra.tasks.forecast.head.NegativeBinomialHead`.

    Args:
        about: Metadata of the program.
        levels: Of the intervals to give.
    """

    def __init__(self, about: Mapping[str, Any], levels: Sequence[float]) -> None:
        self._levels, self._mean, self._unit = levels, float(about["mean"]), float(about["unit"])
        self._last_counts, self._point = about["centre"] == "last", about["point"]

    def __call__(self, outputs: Outputs, last: np.float32, scores: Scores | None = None) -> Values:
        """See `Reader`."""
        raw = outputs.astype(np.float64)
        centre = float(last) if self._last_counts else self._mean
        mean = self._unit * np.logaddexp(0, (centre / self._unit + raw[0]) * 4) / 4 + 1e-6
        wanted = probabilities(scores, self._levels)
        wanted = np.concatenate([np.full((1, wanted.shape[1]), 0.5), wanted])
        parameters = np.stack([mean, np.logaddexp(0, raw[1]) + 1e-4], axis=-1)
        values: Values = negative_binomial_quantiles(parameters, wanted.T).T
        if self._point == "mean":
            values[0] = mean
        return values


def probabilities(scores: Scores | None, levels: Sequence[float]) -> Values:
    """Of both ends of each interval, (ends, #horizon)."""
    found: Values = ndtr(both_ends(scores_of(levels) if scores is None else scores))
    return found

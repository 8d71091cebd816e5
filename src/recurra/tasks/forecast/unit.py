"""What the targets of the training part are measured in."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from recurra.data.panel import Panel

_CONSTANT = 1e-7  # of a spread, as a share of the level: less than 32 bits can tell from none
_SMALLEST_SHARE = 0.01  # of the spread of the steadiest series


class Units(NamedTuple):
    """Sizes in the units of the data, all above 0.

    Attributes:
        spread: Standard deviation of all training targets; their mean magnitude where they are all the same.
        smallest: What the spread of a window is never below: a hundredth of that of the steadiest series.
    """

    spread: float
    smallest: float


def learn_units(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Units:
    """Measure the training targets.

    Args:
        panel: The series.
        ends: Where the training part of each series ends, counted from its beginning; later steps are not
            looked at.
    """
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    known = (position < np.repeat(ends, panel.extents)) & ~np.isnan(panel.target)
    values = panel.target[known].astype(np.float64)
    series = np.repeat(np.arange(len(panel)), panel.extents)[known]
    count = np.maximum(np.bincount(series, minlength=len(panel)), 1)
    mean = np.bincount(series, weights=values, minlength=len(panel)) / count
    spreads = np.sqrt(np.bincount(series, weights=(values - mean[series]) ** 2, minlength=len(panel)) / count)
    changing = spreads[spreads > _CONSTANT * np.abs(mean)]
    spread = float(values.std())
    if spread <= _CONSTANT * float(np.abs(values).mean()):
        spread = float(np.abs(values).mean()) or 1.0
    smallest = _SMALLEST_SHARE * float(changing.min()) if len(changing) else _CONSTANT * spread
    return Units(spread, smallest)

"""How far the targets of the training part lie from 0, and how far they move, in the units of the data."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from recurra.inputs.series.panel import Panel

_CONSTANT = 1e-12  # of a spread, as a share of the level: less than 64 bits can tell from none
_SMALLEST_OF_NONE = 1e-7  # of the magnitude, where nothing changes
_OFTEN = 0.02  # of the values are 0: what they count does not go below
_FAR = 1000.0  # spreads; a level that lies so far from 0 hides in 32 bits how values move
_SMALLEST_SHARE = 0.01  # of the spread of the steadiest series
_SMALLEST_OF_COUNTS = (
    0.5  # the same where values are often 0: a window of zeros tells nothing of the next value
)


class Units(NamedTuple):
    """What the targets of the training part are measured in, in the units of the data.

    Attributes:
        spread: Standard deviation of all training targets; their mean magnitude where they are all the same.
        smallest: What the spread of a window is never below: a hundredth of that of the steadiest series, or
            half of it where values are often 0.
        level: Mean of all training targets; may be negative.
        change: Root mean square of the changes from one step to the next.
        reach: The same of the changes over a horizon.
    """

    spread: float
    smallest: float
    level: float = 0.0
    change: float = 1.0
    reach: float = 1.0


def learn_levels(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Float64[np.ndarray, " series"]:
    """The mean of each series before its end where that lies far from 0, against how far it moves; else 0."""
    _, mean, spread = moments(panel, ends)
    return np.where(np.abs(mean) > _FAR * spread, mean, 0.0)


def learn_floor(panel: Panel, ends: Int64[np.ndarray, " series"]) -> float | None:
    """0 where values are often 0 and never below, as of sales; else None."""
    values = moments(panel, ends).values
    often = len(values) > 0 and values.min() >= 0 and (values == 0).mean() >= _OFTEN
    return 0.0 if often else None


def learn_units(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Units:
    """Measure the training targets.

    Args:
        panel: The series.
        ends: Where the training part of each series ends, counted from its beginning; later steps are not
            looked at.
    """
    values, mean, spreads = moments(panel, ends)
    changing = spreads[spreads > _CONSTANT * np.abs(mean)]
    spread = float(values.std())
    if spread <= _CONSTANT * float(np.abs(values).mean()):
        spread = float(np.abs(values).mean()) or 1.0
    share = _SMALLEST_SHARE if learn_floor(panel, ends) is None else _SMALLEST_OF_COUNTS
    smallest = share * float(changing.min()) if len(changing) else _SMALLEST_OF_NONE * spread
    return Units(spread, smallest)


class Moments(NamedTuple):
    """Values of a part, and mean and standard deviation of each series in it; 0 where it has none."""

    values: Float64[np.ndarray, " known"]
    mean: Float64[np.ndarray, " series"]
    spread: Float64[np.ndarray, " series"]


def moments(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Moments:
    """The moments of all values before the ends."""
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    known = (position < np.repeat(ends, panel.extents)) & ~np.isnan(panel.target)
    values = panel.target[known]
    series = np.repeat(np.arange(len(panel)), panel.extents)[known]
    count = np.maximum(np.bincount(series, minlength=len(panel)), 1)
    mean = np.bincount(series, weights=values, minlength=len(panel)) / count
    away = np.bincount(series, weights=(values - mean[series]) ** 2, minlength=len(panel))
    return Moments(values, mean, np.sqrt(away / count))


def known_spread(units: Mapping[str, float], panel: Panel) -> Float64[np.ndarray, " series"]:
    """The units of the series of a panel by their ids; of those without one, the standard deviation."""
    found = np.array([units.get(name, np.nan) for name in panel.ids], dtype=np.float64)
    if np.isnan(found).any():
        found = np.where(np.isnan(found), moments(panel, panel.lengths).spread, found)
    return found


def learn_stream_units(panel: Panel, ends: Int64[np.ndarray, " series"], horizon: int) -> Units:
    """As `learn_units`, and what a stream is measured from and in: the level, and how far targets move."""
    units = learn_units(panel, ends)
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    known = (position < np.repeat(ends, panel.extents)) & ~np.isnan(panel.target)
    level = float(panel.target[known].mean())
    change, reach = (max(_change(panel, ends, steps), units.smallest) for steps in (1, horizon))
    return units._replace(level=level, change=change, reach=reach)


def _change(panel: Panel, ends: Int64[np.ndarray, " series"], steps: int) -> float:
    """Root mean square of the differences of values some steps apart; 0 where there are none."""
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    inside = (position + steps < np.repeat(ends, panel.extents))[:-steps]
    before, after = panel.target[:-steps][inside], panel.target[steps:][inside]
    differences = after - before
    there = differences[~np.isnan(differences)]
    return float(np.sqrt(np.square(there).mean())) if len(there) else 0.0

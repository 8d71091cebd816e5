"""A season that shows in the data, for steps without a calendar: from the autocorrelation of training parts.

Of every series the changes from step to step are looked at, and the values without their linear trend: noise
hides a long season from the first, a wandering level feigns one in the second. A season is a lag at which
values agree, as they agree twice as far apart, and between which they do not.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Float64, Int64

from recurra.inputs.series.panel import Panel

MOST_SERIES = 200  # are enough to tell
_LEAST, _NEAR = 0.3, 0.75  # of a correlation; of the highest one
_SURE = 4.2  # deviations of the correlation of noise
_ENOUGH = 4  # series, of which each need not show the season so clearly
_DROP = 0.2  # between a season and the next
_LONGEST = 400


def find_season(panel: Panel, ends: Int64[np.ndarray, " series"]) -> int:
    """The steps of a season that most series show; 1 when there is none.

    Args:
        panel: The series.
        ends: Where the training part of each ends, counted from its beginning; later steps are not looked at.
    """
    chosen = np.linspace(0, len(panel) - 1, min(len(panel), MOST_SERIES)).astype(np.int64)
    parts = [_filled(panel.series(one)[: ends[one]].astype(np.float64)) for one in chosen.tolist()]
    parts = [one for one in parts if len(one) and np.ptp(one) > 0]
    if not parts:
        return 1
    lags = min(int(np.median([len(one) for one in parts])) // 3, _LONGEST)
    if lags < 2:
        return 1
    least = max(_LEAST / np.sqrt(min(len(parts), _ENOUGH)), _SURE / np.sqrt(sum(map(len, parts))))
    level = _season_of(_mean_correlation([_detrended(one) for one in parts], 2 * lags), least)
    change = _season_of(_mean_correlation([np.diff(one) for one in parts], 2 * lags), least)
    if change == 1 or (level > 1 and change % level == 0):  # several seasons show as one
        return level
    return change


def with_season(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Panel:
    """The panel with the season that is found, and a sentence about it in its repairs."""
    season = find_season(panel, ends)
    found = f"a season of {season} steps" if season > 1 else "no season"
    note = f"times are whole numbers, and the training part shows {found}; season_length=STEPS sets another"
    schema = replace(panel.schema, season_length=season)
    return replace(panel, schema=schema, repairs=[*panel.repairs, note])


def _season_of(correlation: Float64[np.ndarray, " lags"], least: float) -> int:
    """The first lag from 2 on that stands out nearly as high as the highest; 1 when none does."""
    lags = np.arange(2, len(correlation) // 2)
    if len(lags) == 0:
        return 1
    here = correlation[lags]
    lowest = np.minimum.accumulate(correlation[1:])[lags - 2]
    stands_out = (here >= correlation[lags - 1]) & (here >= correlation[lags + 1]) & (here > least)
    stands_out &= (here - lowest > _DROP) & (_twice_as_far(correlation, lags) > here / 2)
    if not stands_out.any():
        return 1
    first = int(lags[stands_out & (here >= _NEAR * here[stands_out].max())][0])
    return max(
        range(first - first // 6, first + first // 6 + 1), key=lambda one: _at_multiples(correlation, one)
    )


def _twice_as_far(correlation: Float64[np.ndarray, " lags"], lags: Int64[np.ndarray, " some"]) -> np.ndarray:
    """The highest correlation near twice each lag, as a season need not be a whole number of steps."""
    return np.array([correlation[2 * lag - lag // 6 : 2 * lag + lag // 6 + 1].max() for lag in lags.tolist()])


def _at_multiples(correlation: Float64[np.ndarray, " lags"], lag: int) -> float:
    """How much values agree that are one, two, ... lags apart, which a lag beside the season does less."""
    return float(correlation[lag : 6 * lag : lag].mean())


def _mean_correlation(parts: list[Float[np.ndarray, " steps"]], lags: int) -> Float64[np.ndarray, " lags"]:
    """The autocorrelation at lags 0, 1, ..., the mean of all parts that are long enough for each."""
    total, count = np.zeros(lags + 1), np.zeros(lags + 1)
    for part in parts:
        own = part - part.mean()
        power = float(own @ own)
        if power <= 0:
            continue
        size = min(lags, len(own) - 2) + 1
        spectrum = np.fft.rfft(own, 2 * len(own))
        found = np.fft.irfft(spectrum * spectrum.conj())[:size] / power
        total[:size] += found * len(own) / (len(own) - np.arange(size))
        count[:size] += 1
    mean: np.ndarray = total / np.maximum(count, 1)
    return mean


def _detrended(values: Float64[np.ndarray, " steps"]) -> Float64[np.ndarray, " steps"]:
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(steps @ values) / float(steps @ steps)
    level: np.ndarray = values - values.mean() - slope * steps
    return level


def _filled(values: Float64[np.ndarray, " steps"]) -> Float64[np.ndarray, " some"]:
    """Missing values on the line between their neighbours; nothing where hardly any value is there."""
    known = np.flatnonzero(~np.isnan(values))
    if len(known) < 8 or 2 * len(known) < len(values):
        return values[:0]
    filled: np.ndarray = np.interp(np.arange(len(values)), known, values[known])
    return filled

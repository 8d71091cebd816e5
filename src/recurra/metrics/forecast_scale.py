"""The scale of MASE: how far off the seasonal naive forecast was inside the training part."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from recurra.errors import DataError


@dataclass(frozen=True)
class InSampleScale:
    """What errors are divided by in MASE, one number per series.

    Attributes:
        values: Mean absolute error of the seasonal naive forecast in the training part, in the target's unit;
            NaN where no season gives a positive one.
        seasons: The season that was used: the one asked for, 1 where that failed, 0 where both failed.
        season: The season asked for.
    """

    values: Float[np.ndarray, "series"]
    seasons: Int[np.ndarray, "series"]
    season: int

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each way in which some series departs from the season asked for."""
        total = len(self.seasons)
        fallen = int(np.sum(self.seasons == 1)) if self.season != 1 else 0
        undefined = int(np.sum(self.seasons == 0))
        notes = []
        if fallen:
            notes.append(
                f"MASE of {fallen} of {total} series is scaled by the error of the last value (season 1): "
                f"they are too short for season {self.season}, or repeat it exactly."
            )
        if undefined:
            notes.append(f"MASE leaves out {undefined} of {total} series: they are constant or too short.")
        return tuple(notes)


def in_sample_scale(training: Sequence[Float[np.ndarray, "_"]], season: int) -> InSampleScale:
    """Mean absolute error of the seasonal naive forecast, one step at a time, inside each training series.

    A series that has no pair of values one season apart, or whose error is zero, is scaled with season 1; one
    that fails again (constant, or fewer than two values) has no scale. Only pairs with both values observed
    count.

    Args:
        training: The training part of every series, in the target's unit; NaN = missing.
        season: Steps in a season, at least 1.

    Raises:
        DataError: The season is below 1.

    Source: Hyndman and Koehler (2006), "Another look at measures of forecast accuracy".
    """
    if season < 1:
        raise DataError(
            f"season is {season}", "a whole number of at least 1", "Pass 1 for a series without season."
        )
    values = np.full(len(training), np.nan)
    seasons = np.zeros(len(training), dtype=np.int64)
    for index, series in enumerate(training):
        for candidate in (season, 1):
            error = _naive_error(series, candidate)
            if error > 0:
                values[index], seasons[index] = error, candidate
                break
    return InSampleScale(values, seasons, season)


def _naive_error(series: Float[np.ndarray, "_"], season: int) -> float:
    """Mean absolute difference of values one season apart; NaN when there is no observed pair."""
    differences = np.abs(series[season:].astype(np.float64) - series[:-season].astype(np.float64))
    observed = differences[np.isfinite(differences)]
    return float(observed.mean()) if len(observed) else float("nan")

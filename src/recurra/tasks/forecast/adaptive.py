"""Intervals of a live stream that follow what comes: adaptive conformal inference for every step ahead.

Each interval reaches to a normal score z of what the net says (1.28 of an 80 % interval). When a row comes,
every forecast of it is judged, one for each step ahead, and the z of that step moves by

    log z += rate * (missed - (1 - level))        missed: 1 where the row lay outside, else 0

So z grows where more is missed than the level allows, and shrinks where less is: over time the share that is
held goes to the level, whatever comes (the sum of the right side is log z at the end less that at the
beginning, which is bounded). Until a forecast h steps ahead was judged, h rows have to come.

Source: Gibbs and Candès, "Adaptive conformal inference under distribution shift" (2021), whose level moves in
the same way. Here log z moves instead, as intervals stay finite and change by a share of their width;
Angelopoulos, Candès and Tibshirani, "Conformal PID control for time series prediction" (2023), for tracking
the reach of an interval instead of its level.

Nothing here imports torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import safetensors
import safetensors.numpy
from jaxtyping import Float32, Float64

from recurra.errors import ArtifactError, ConfigError
from recurra.tasks.forecast.stream_interval import Scores, Values, scores_of

FURTHEST = 6.0  # deviations that quantiles are asked for; what reaches further is stretched
_NEAREST, _MOST = 0.01, 1000.0


@dataclass
class _Watched:
    """A series.

    Attributes:
        reach: Logarithms of the normal scores.
        ends: Of the last forecasts, both ends of the intervals; NaN of steps without a row.
        newest: Which of them was made last.
    """

    reach: Float64[np.ndarray, "levels horizon"]
    ends: Float32[np.ndarray, "horizon levels 2 horizon"]
    newest: int = 0


class Adaptation:
    """The reach of intervals, series by series.

    Args:
        levels: Of the intervals, in percent.
        horizon: Steps ahead.
        rate: How fast reaches move; above 0, at most 1. Of 0.05 an interval of 80 % that misses grows by 4 %,
            one that holds shrinks by 1 %.
        floor: What no end of an interval is below; None: nothing.

    Raises:
        ConfigError: There are no intervals, or the rate is no such number.
    """

    def __init__(
        self, levels: Sequence[float], horizon: int, rate: float, floor: float | None = None
    ) -> None:
        if not levels:
            raise ConfigError("adaptive intervals without a level", "a level such as 80", "Add the level.")
        if not 0 < rate <= 1:
            raise ConfigError(f"an adaptive rate of {rate:g}", "above 0, at most 1", "Choose another.")
        self._levels, self._rate, self._floor = tuple(levels), rate, floor
        self._allowed = 1 - np.array(levels)[:, None] / 100
        self._begin = np.log(np.repeat(scores_of(levels), horizon, axis=1))
        self._steps = np.arange(horizon)
        self._watched: dict[str, _Watched] = {}

    def fresh(self) -> "Adaptation":
        """The same that knows of no series."""
        return Adaptation(self._levels, len(self._steps), self._rate, self._floor)

    def follow(self, name: str, value: float, missing: int = 0) -> None:
        """Judge the forecasts of a row that came.

        Args:
            name: Its series.
            value: Its target; NaN: none, so nothing is judged.
            missing: Steps before it that got no row.
        """
        one = self._watched.get(name)
        if one is None:
            return
        horizon = len(self._steps)
        for _ in range(min(missing, horizon)):
            one.newest = (one.newest + 1) % horizon
            one.ends[one.newest] = np.nan
        low, high = np.moveaxis(one.ends[one.newest - self._steps, :, :, self._steps], -1, 0)
        if not np.isnan(value):
            missed = ((value < low) | (value > high)).T
            moved = one.reach + self._rate * (missed - self._allowed)
            one.reach = np.where(np.isnan(low.T), one.reach, np.clip(moved, np.log(_NEAREST), np.log(_MOST)))
        one.newest = (one.newest + 1) % horizon
        one.ends[one.newest] = np.nan

    def intervals(self, name: str, read: Callable[[Scores], Values]) -> Values:
        """What a forecast gives, with intervals of the reach that they have now; they are remembered.

        Args:
            name: Of the series; `follow` was called for this row.
            read: Gives the point forecast, then both ends of each interval that reaches to such scores.
        """
        if name not in self._watched:
            levels, horizon = self._begin.shape
            ends = np.full((horizon, levels, 2, horizon), np.nan, np.float32)
            self._watched[name] = _Watched(self._begin.copy(), ends)
        one = self._watched[name]
        reach = np.exp(one.reach)
        values = read(np.minimum(reach, FURTHEST))
        ends = values[1:].reshape(len(reach), 2, -1)
        ends = values[0] + np.maximum(reach / FURTHEST, 1)[:, None] * (ends - values[0])
        if self._floor is not None:
            ends = np.maximum(ends, self._floor)
        one.ends[one.newest] = ends
        found = np.concatenate([values[:1], ends.reshape(2 * len(reach), -1)])
        return found.astype(values.dtype, copy=False)

    def forget(self, name: str) -> None:
        """Begin anew with a series."""
        self._watched.pop(name, None)

    def to_bytes(self, name: str) -> bytes:
        """What is known of a series."""
        one = self._watched.get(name)
        if one is None:
            return b""
        newest_last = np.roll(one.ends, -1 - one.newest, axis=0)
        arrays = {"levels": np.array(self._levels), "reach": one.reach, "ends": newest_last}
        return safetensors.numpy.save(arrays)

    def restore(self, states: dict[str, bytes]) -> None:
        """Go on from what `to_bytes` gave of each series; nothing of one: as the levels say.

        Raises:
            ArtifactError: It is damaged, or of other levels.
        """
        self._watched = {name: self._revived(content) for name, content in states.items() if content}

    def _revived(self, content: bytes) -> _Watched:
        try:
            arrays = safetensors.numpy.load(content)
            levels, reach, ends = (arrays[name] for name in ("levels", "reach", "ends"))
        except (safetensors.SafetensorError, ValueError, LookupError, TypeError) as error:
            raise _damaged() from error
        if levels.tolist() != list(self._levels):
            told = ",".join(f"{one:g}" for one in self._levels)
            raise ArtifactError(
                f"a state of adaptive intervals of {levels.tolist()} percent",
                f"one of {told} percent",
                "Give the levels that the stream had, or begin anew, without the file.",
            )
        horizon = len(self._steps)
        shapes = (reach.shape, ends.shape) == (self._begin.shape, (horizon, len(levels), 2, horizon))
        if not shapes or reach.dtype != np.float64 or ends.dtype != np.float32:
            raise _damaged()
        if not (np.abs(reach) <= np.log(_MOST)).all() or np.isinf(ends).any():
            raise _damaged()
        return _Watched(reach, ends, horizon - 1)


def _damaged() -> ArtifactError:
    return ArtifactError("adaptive intervals that are damaged", "as a stream left them", "Begin anew.")

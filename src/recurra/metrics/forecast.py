"""Scores of forecasts: points, quantiles and intervals, per series, per step and overall.

Naive, neural and any other forecasts go through `forecast_scores`, on the same observed points. How numbers
are brought together differs by metric, as is usual for each:

* `mae`, `rmse`, `width_L`, `coverage_L`: over all observed points;
* `wql`: sum of losses over all observed points / sum of absolute values of the truth;
* `mase`, `smape`: per series first, then the mean over series (as in the M4 competition);
* `owa`: from the overall `smape` and `mase`, relative to those of a reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from recurra.errors import DataError


class OwaReference(NamedTuple):
    """Overall scores of the method that has OWA 1 (Naive2 in M4)."""

    smape: float
    mase: float


M4_HOURLY = OwaReference(smape=18.383, mase=2.395)
"""Naive2 on the 414 hourly series of the M4 competition, horizon 48."""

M4_REFERENCES = {
    1: OwaReference(smape=16.342, mase=3.974),
    4: OwaReference(smape=11.012, mase=1.371),
    7: OwaReference(smape=3.045, mase=3.278),
    12: OwaReference(smape=14.427, mase=1.063),
    24: M4_HOURLY,
    52: OwaReference(smape=9.161, mase=2.777),
}
"""Season length -> Naive2 on the yearly, quarterly, daily, monthly, hourly and weekly series of M4.

Source: Makridakis, Spiliotis and Assimakopoulos (2020), "The M4 Competition", supplementary tables.
"""


@dataclass(frozen=True)
class Scores:
    """What `forecast_scores` returns.

    Attributes:
        overall: Metric name -> number.
        per_series: Metric name -> one number per series; NaN for a series without observed points or without
            scale.
        by_step: Metric name (`mae`, `rmse`, `mase`) -> one number per step ahead, over all points of that
            step.
    """

    overall: dict[str, float]
    per_series: dict[str, Float[np.ndarray, "series"]]
    by_step: dict[str, Float[np.ndarray, "horizon"]]

    def rows(self, ids: Sequence[str]) -> list[dict[str, str | float | None]]:
        """One mapping per series, `unique_id` first; a number that is not defined is None (null in JSON)."""
        return [
            {
                "unique_id": unique_id,
                **{name: _defined(values[i]) for name, values in self.per_series.items()},
            }
            for i, unique_id in enumerate(ids)
        ]


def forecast_scores(
    truth: Float[np.ndarray, "windows horizon"],
    forecast: Float[np.ndarray, "windows horizon"],
    observed: Bool[np.ndarray, "windows horizon"],
    series: Int[np.ndarray, "windows"],
    scale: Float[np.ndarray, "series"],
    *,
    quantiles: Mapping[float, Float[np.ndarray, "windows horizon"]] | None = None,
    reference: OwaReference | None = None,
) -> Scores:
    """Score forecasts against the truth, where it is observed.

    Args:
        truth: Observed values, in the target's unit; anything where `observed` is False.
        forecast: Point forecasts, same unit.
        observed: True = this point counts.
        series: Which series each window is of: 0 .. number of series - 1.
        scale: What MASE divides the errors of each series by (`in_sample_scale(...).values`); NaN = leave it
            out.
        quantiles: Quantile (0.1, 0.9, ...) -> its forecasts. Adds `wql`, and for every pair of quantiles q
            and 1 - q the interval's `coverage_L` (a share, 0 to 1) and mean `width_L` at level L = 100 (1 - 2
            q) percent.
        reference: Adds `owa`, relative to these scores.

    Raises:
        DataError: Nothing is observed, a value that counts is NaN or infinite, or a series is out of range.
    """
    _check(truth, forecast, observed, series, len(scale), quantiles or {})
    points = _Points.of(truth, observed, series, len(scale))
    error = np.abs(points.take(forecast) - points.truth)
    scaled = error / scale[points.series]
    smape = smape_terms(points.truth, points.take(forecast))

    per_series = {
        "mae": points.per_series(error),
        "rmse": np.sqrt(points.per_series(error**2)),
        "mase": points.per_series(scaled),
        "smape": points.per_series(smape),
    }
    overall = {
        "mae": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mase": _mean_of_defined(per_series["mase"]),
        "smape": _mean_of_defined(per_series["smape"]),
    }
    has_scale = np.isfinite(scaled)
    by_step = {
        "mae": points.by_step(error),
        "rmse": np.sqrt(points.by_step(error**2)),
        "mase": points.by_step(np.where(has_scale, scaled, 0), has_scale),
    }
    if quantiles:
        _add_quantile_scores(points, quantiles, overall, per_series)
    if reference is not None:
        overall["owa"] = owa(overall["smape"], overall["mase"], reference)
    return Scores(overall, per_series, by_step)


def smape_terms(
    truth: Float[np.ndarray, "*shape"], forecast: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """Symmetric absolute percentage errors, 0 to 200: 200 |y - f| / (|y| + |f|), and 0 where both are 0.

    Source: Makridakis, Spiliotis and Assimakopoulos (2020), "The M4 Competition".
    """
    difference = 200 * np.abs(truth - forecast)
    size = np.abs(truth) + np.abs(forecast)
    terms: Float[np.ndarray, "*shape"] = np.zeros_like(difference)
    np.divide(difference, size, out=terms, where=size > 0)
    return terms


def pinball_loss(
    truth: Float[np.ndarray, "*shape"], forecast: Float[np.ndarray, "*shape"], quantile: float
) -> Float[np.ndarray, "*shape"]:
    """The loss that a quantile minimises: q (y - f) above the forecast, (1 - q) (f - y) below it."""
    difference = truth - forecast
    loss: Float[np.ndarray, "*shape"] = np.maximum(quantile * difference, (quantile - 1) * difference)
    return loss


def owa(smape: float, mase: float, reference: OwaReference) -> float:
    """Overall weighted average (M4): the mean of sMAPE and MASE, each relative to the reference's.

    NaN where the reference makes no error.
    """
    return (_ratio(smape, float(reference.smape)) + _ratio(mase, float(reference.mase))) / 2


def interval_levels(quantiles: Sequence[float]) -> dict[float, tuple[float, float]]:
    """Levels in percent -> (lower quantile, upper quantile), for every symmetric pair, narrowest first."""
    levels = {}
    for lower in sorted(quantiles, reverse=True):
        upper = [q for q in quantiles if lower < 0.5 and abs(q - (1 - lower)) < 1e-6]
        if upper:
            levels[round(100 * (1 - 2 * lower), 6)] = (lower, upper[0])
    return levels


def _add_quantile_scores(
    points: "_Points",
    quantiles: Mapping[float, Float[np.ndarray, "windows horizon"]],
    overall: dict[str, float],
    per_series: dict[str, Float[np.ndarray, "series"]],
) -> None:
    losses = [2 * pinball_loss(points.truth, points.take(forecast), q) for q, forecast in quantiles.items()]
    loss = np.mean(losses, axis=0)
    size = np.abs(points.truth)
    overall["wql"] = _ratio(loss.sum(), size.sum())
    per_series["wql"] = np.array(
        [_ratio(*pair) for pair in zip(points.per_series(loss), points.per_series(size), strict=True)]
    )
    for level, (lower, upper) in interval_levels(list(quantiles)).items():
        low, high = points.take(quantiles[lower]), points.take(quantiles[upper])
        inside = ((low <= points.truth) & (points.truth <= high)).astype(np.float64)
        for name, values in ((f"coverage_{level:g}", inside), (f"width_{level:g}", high - low)):
            overall[name] = float(values.mean())
            per_series[name] = points.per_series(values)


@dataclass(frozen=True)
class _Points:
    """The observed points in one row: their truth, and where they belong."""

    truth: Float[np.ndarray, "points"]
    observed: Bool[np.ndarray, "windows horizon"]
    series: Int[np.ndarray, "points"]
    step: Int[np.ndarray, "points"]
    num_series: int

    @classmethod
    def of(
        cls,
        truth: Float[np.ndarray, "windows horizon"],
        observed: Bool[np.ndarray, "windows horizon"],
        series: Int[np.ndarray, "windows"],
        num_series: int,
    ) -> "_Points":
        window, step = np.nonzero(observed)
        return cls(truth[observed].astype(np.float64), observed, series[window], step, num_series)

    def take(self, values: Float[np.ndarray, "windows horizon"]) -> Float[np.ndarray, "points"]:
        taken: Float[np.ndarray, "points"] = values[self.observed].astype(np.float64)
        return taken

    def per_series(self, values: Float[np.ndarray, "points"]) -> Float[np.ndarray, "series"]:
        return _group_means(values, self.series, self.num_series)

    def by_step(
        self, values: Float[np.ndarray, "points"], counts: Bool[np.ndarray, "points"] | None = None
    ) -> Float[np.ndarray, "horizon"]:
        return _group_means(values, self.step, self.observed.shape[1], counts)


def _group_means(
    values: Float[np.ndarray, "points"],
    group: Int[np.ndarray, "points"],
    num_groups: int,
    counts: Bool[np.ndarray, "points"] | None = None,
) -> Float[np.ndarray, "groups"]:
    sums = np.bincount(group, weights=values, minlength=num_groups)
    sizes = np.bincount(group, weights=counts, minlength=num_groups)
    means: Float[np.ndarray, "groups"] = np.full(num_groups, np.nan)
    np.divide(sums, sizes, out=means, where=sizes > 0)
    return means


def _mean_of_defined(values: Float[np.ndarray, "_"]) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def _ratio(loss: float, size: float) -> float:
    return float(loss / size) if size > 0 else float("nan")


def _defined(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _check(
    truth: Float[np.ndarray, "windows horizon"],
    forecast: Float[np.ndarray, "windows horizon"],
    observed: Bool[np.ndarray, "windows horizon"],
    series: Int[np.ndarray, "windows"],
    num_series: int,
    quantiles: Mapping[float, Float[np.ndarray, "windows horizon"]],
) -> None:
    if not observed.any():
        raise DataError(
            "no point of the truth is observed", "at least one to score", "Choose another test part."
        )
    if series.min() < 0 or series.max() >= num_series:
        raise DataError(
            f"series has indices from {series.min()} to {series.max()}",
            f"0 to {num_series - 1}, one for each scale",
            "Number the series as their scales are.",
        )
    for q in quantiles:
        if not 0 < q < 1:
            raise DataError(
                f"quantile {q}", "a number between 0 and 1", "Pass 0.9 for the 90 percent quantile."
            )
    arrays = {
        "truth": truth,
        "forecast": forecast,
        **{f"forecast of quantile {q}": a for q, a in quantiles.items()},
    }
    for name, array in arrays.items():
        if array.shape != truth.shape:
            raise DataError(
                f"{name} has shape {array.shape}", f"that of the truth, {truth.shape}", "Align them."
            )
        bad = int(np.sum(~np.isfinite(array[observed])))
        if bad:
            raise DataError(
                f"{name} has {bad} values that are NaN or infinite at observed points",
                "a number at every point that counts",
                "Mark the points as not observed for every model, so that all are scored on the same points.",
            )

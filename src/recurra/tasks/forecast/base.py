"""The base of a forecast: a classical method, chosen on the data, whose error the net learns.

A net that has seen few windows is no match for exponential smoothing or a regression on the last steps. So
where there are few series, the best of these stands where the forecast begins, and how far it was off in the
training part is the unit of what the net adds. The method is chosen by forecasting the training and the
validation part again and again from moments in them; the test part is not looked at.

Source: Smyl, "A hybrid method of exponential smoothing and recurrent neural networks" (2020), for a net on
top of exponential smoothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float, Int64
from scipy.special import ndtri

from recurra.errors import DamagedError
from recurra.inputs.series.origin import Origins, rolling_origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.window import Beginning, history_before, targets_after
from recurra.metrics.exponential_smoothing import (
    damped_trend,
    damped_trend_additive,
    theta,
    theta_additive,
)
from recurra.metrics.forecast_baseline import BaselineFunction, last_value, mean, seasonal_naive
from recurra.metrics.lag_regression import LagRegression
from recurra.tasks.forecast.config import ForecastConfig
from recurra.tasks.forecast.effect import Effects, fit_effects, without
from recurra.tasks.forecast.head import TRAINED_QUANTILES
from recurra.tasks.forecast.leading import Leading, choose_leading
from recurra.tasks.forecast.regression import fit_regression, regression_errors

METHODS: Mapping[str, BaselineFunction] = {
    "last_value": last_value,
    "seasonal_naive": seasonal_naive,
    "mean": mean,
    "theta": theta,
    "theta_additive": theta_additive,
    "damped_trend": damped_trend,
    "damped_trend_additive": damped_trend_additive,
}
REGRESSION = "lag_regression"
TABLE = "base"
"""File of the weights of a regression."""

CANDIDATES = (*((name,) for name in METHODS), ("seasonal_naive", "theta"))
"""Methods whose mean is a base; the regression is one too."""

MOST_SERIES = 30
"""With more of them a net learns from the others what a base would tell it."""

MOST_STEPS = 512
"""Of the history that a method reads, or three seasons where they are more."""

_AGAIN = "Train again, or fetch the run again."
_ORIGINS = 30  # of each series, from which methods are compared
_PENALTIES = (1e-3, 1e-2, 1e-1)
_SURE = 0.97  # of the error without effects; they were fitted on some of what they are judged on
_AT_ONCE = 4096  # windows that are forecast
_FEW = 30.0  # windows of which quantiles are half believed
_NORMAL = float(np.sqrt(np.pi / 2))  # the deviation of a normal distribution over its mean distance

Errors = Float[np.ndarray, "windows horizon"]
Units = Callable[[Origins], Float[np.ndarray, " windows"]]


@dataclass(frozen=True)
class Base:
    """A forecast to begin from; called with a panel and origins, it gives what windows begin from.

    Attributes:
        members: The methods whose mean it is.
        span: Steps of the history that they read.
        horizon: Steps ahead.
        spread: How far it was off where methods were compared, for each step, as deviation in units of the
            window.
        quantiles: Of how far the truth was from it there, in spreads, at `TRAINED_QUANTILES`.
        regression: What `REGRESSION` stands for.
        effects: What covariates known ahead add; None: nothing.
        penalty: Of the regression.
        leading: What covariates known up to the present add; None: nothing.
    """

    members: tuple[str, ...]
    span: int
    horizon: int
    spread: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    regression: LagRegression | None = None
    effects: Effects | None = None
    penalty: float = 0.0
    leading: Leading | None = None

    def __call__(self, panel: Panel, origins: Origins) -> Beginning:
        """What windows begin from."""
        if self.effects is None:
            none = np.zeros((len(origins.series), 0))
            return Beginning(self.forecast(panel, origins), none, none)
        forecast = self.forecast(without(panel, self.effects), origins)
        effect = self.effects.ahead(panel, origins, self.horizon)
        return Beginning(forecast, effect, self.effects.doubt(panel, origins))

    def forecast(self, panel: Panel, origins: Origins) -> Errors:
        """What the methods say; 0 for a window without any value."""
        parts = [
            Origins(*(values[begin : begin + _AT_ONCE] for values in origins))
            for begin in range(0, len(origins.series), _AT_ONCE)
        ]
        made = [self._of(panel, part) for part in parts]
        return np.concatenate(made) if made else np.zeros((0, self.horizon))

    def _of(self, panel: Panel, origins: Origins) -> Errors:
        history, known = history_before(panel, origins, self.span)
        forecasts = [
            self._method(name)(history, known, self.horizon, panel.season_length) for name in self.members
        ]
        found: Errors = np.nan_to_num(np.mean(forecasts, axis=0))
        return found if self.leading is None else found + self.leading.added(panel, origins)

    def again(self, panel: Panel, ends: Int64[np.ndarray, " series"]) -> "Base":
        """The same base, its regression fitted to all that comes before some ends."""
        if self.regression is None:
            return self
        sizes: dict[str, Any] = {"horizon": self.horizon, "lags": self.span, "penalty": self.penalty}
        found = fit_regression(without(panel, self.effects), ends, **sizes)
        return replace(self, regression=found or self.regression)

    def _method(self, name: str) -> BaselineFunction:
        return METHODS[name] if self.regression is None else self.regression.forecast

    @property
    def label(self) -> str:
        """Its methods, as people read them."""
        methods = " and ".join(name.replace("_", " ") for name in self.members)
        if self.leading is not None:
            methods = f"{methods}, led by covariates"
        return methods if self.effects is None else f"{methods}, with effects of covariates"

    def to_dict(self) -> dict[str, Any]:
        """All but the weights of a regression, which are a table."""
        return {
            "members": list(self.members),
            "span": self.span,
            "horizon": self.horizon,
            "spread": list(self.spread),
            "quantiles": list(self.quantiles),
            "effects": None if self.effects is None else self.effects.to_dict(),
            "penalty": self.penalty,
            "leading": None if self.leading is None else self.leading.to_dict(),
        }

    def tables(self) -> dict[str, pl.DataFrame]:
        """The weights of a regression: a row for each lag, a column for each step ahead."""
        return {} if self.regression is None else {TABLE: pl.DataFrame(self.regression.weights)}

    @classmethod
    def revive(cls, document: Mapping[str, Any] | None, tables: Mapping[str, pl.DataFrame]) -> "Base | None":
        """What `to_dict` and `tables` gave.

        Raises:
            DamagedError: They do not go together.
        """
        if document is None:
            return None
        members, horizon = tuple(document["members"]), int(document["horizon"])
        if not members or any(name not in METHODS and name != REGRESSION for name in members):
            raise DamagedError(f"base {members!r}", f"names among {', '.join(METHODS)}, {REGRESSION}", _AGAIN)
        regression = None
        if REGRESSION in members:
            weights = tables[TABLE].to_numpy().astype(np.float64) if TABLE in tables else np.zeros((0, 0))
            if weights.shape[1:] != (horizon,) or not len(weights):
                got = f"weights of a base of shape {weights.shape}"
                raise DamagedError(got, f"{horizon} columns", _AGAIN)
            regression = LagRegression(weights)
        spread = tuple(float(value) for value in document["spread"])
        if len(spread) != horizon:
            raise DamagedError(f"spreads of {len(spread)} steps", f"of {horizon}", _AGAIN)
        given = document.get("effects")
        effects = None if given is None else Effects.from_dict(given)
        quantiles = tuple(float(value) for value in document.get("quantiles", ()))
        if len(quantiles) not in (0, len(TRAINED_QUANTILES)):
            raise DamagedError(f"{len(quantiles)} quantiles", f"{len(TRAINED_QUANTILES)}", _AGAIN)
        penalty = float(document.get("penalty", 0.0))
        led = document.get("leading")
        leading = None if led is None else Leading.from_dict(led)
        if leading is not None and leading.weights.shape[1:] != (horizon,):
            raise DamagedError(
                f"covariates that lead by {leading.weights.shape}", f"{horizon} columns", _AGAIN
            )
        span = int(document["span"])
        return cls(members, span, horizon, spread, quantiles, regression, effects, penalty, leading)


class Scored(NamedTuple):
    """A base, its errors where methods are compared, in units of each window, and their mean size."""

    base: Base
    errors: Errors
    error: float


def suits(config: ForecastConfig, panel: Panel) -> bool:
    """Whether forecasts of these series are to begin from a base.

    That is where the settings leave it open and there are few series. Counts have a head of their own.
    """
    return (
        config.base == "auto"
        and config.network != "streaming"
        and config.head != "negative_binomial"
        and len(panel) <= MOST_SERIES
        and config.horizon <= MOST_STEPS
    )


def choose_base(
    panel: Panel,
    train_end: Int64[np.ndarray, " series"],
    end: Int64[np.ndarray, " series"],
    horizon: int,
    context: int,
    units: Units,
    *,
    squared: bool = False,
) -> Base | None:
    """The base with the smallest mean error before `end`; None where no window can be judged.

    Effects of covariates are part of it where the best method is surely better with than without them.

    Args:
        panel: The series.
        train_end: Where the training part of each series ends; the regression is fitted before it.
        end: Where the part ends on which methods are compared.
        horizon: Steps ahead.
        context: Steps of history that the net reads.
        units: What the errors of windows are measured in.
        squared: Whether the root of the squared error decides, as it does where means are forecast.
    """
    best = partial(
        _best, train_end=train_end, end=end, horizon=horizon, context=context, units=units, squared=squared
    )
    plain = best(panel)
    if plain is None:
        return None
    chosen, error = plain, _SURE * plain.error
    for effects in fit_effects(panel, train_end, (1, panel.season_length)):
        found = best(without(panel, effects))
        if found is not None and found.error < error:
            chosen, error = found._replace(base=replace(found.base, effects=effects)), found.error
    spread = _spread(chosen.errors)
    quantiles = _quantiles(chosen.errors, spread)
    lags = min(context, max(2 * horizon, panel.season_length))
    led = without(panel, chosen.base.effects)
    leading = choose_leading(led, chosen.base.forecast, train_end, end, horizon, lags)
    if leading is not None:
        spread = tuple(own * ratio for own, ratio in zip(spread, leading.ratio, strict=True))
    return replace(chosen.base, spread=spread, quantiles=quantiles, leading=leading)


def _best(
    panel: Panel,
    train_end: Int64[np.ndarray, " series"],
    end: Int64[np.ndarray, " series"],
    horizon: int,
    context: int,
    units: Units,
    *,
    squared: bool,
) -> Scored | None:
    """The best method without effects; arguments as of `choose_base`."""
    season = panel.season_length
    span = int(min(panel.lengths.max(), max(MOST_STEPS, 3 * season)))
    begin = np.maximum(np.minimum(np.maximum(end // 3, 2 * season), end - horizon), 1)
    stride = max(1, int(np.max(end - begin)) // _ORIGINS)
    origins = rolling_origins(begin, end, horizon, stride)
    if not len(origins.series):
        return None
    unit = units(origins)[:, None]
    truth = targets_after(panel, origins, horizon)
    scored = []
    for members in CANDIDATES:
        base = Base(members, span, horizon)
        scored.append(_scored(base, (base.forecast(panel, origins) - truth) / unit, truth, squared))
    longest = min(context, MOST_STEPS)
    for lags in sorted({min(longest, max(2 * season, 12)), longest}):
        for penalty in _PENALTIES:
            fit = partial(fit_regression, panel, horizon=horizon, lags=lags, penalty=penalty)
            errors = regression_errors(fit, panel, origins, end, truth) / unit
            final = fit(train_end)
            if final is not None:
                scored.append(
                    _scored(
                        Base((REGRESSION,), lags, horizon, regression=final, penalty=penalty),
                        errors,
                        truth,
                        squared,
                    )
                )
    best = min(scored, key=lambda one: one.error)
    return best if np.isfinite(best.error) else None


def _scored(base: Base, errors: Errors, truth: Errors, squared: bool) -> Scored:
    judged = int(np.isfinite(truth).sum())
    size = _mean_error(np.square(errors), judged) ** 0.5 if squared else _mean_error(errors, judged)
    return Scored(base, errors, size)


def _mean_error(errors: Errors, judged: int) -> float:
    """Mean absolute error; infinite of a method that says nothing of half of the values that are known."""
    known = np.isfinite(errors)
    return float(np.abs(errors[known]).mean()) if 2 * known.sum() > judged else float("inf")


def _spread(errors: Errors) -> tuple[float, ...]:
    """The deviation at each step ahead, smoothed, so that a few windows do not make it jump."""
    known = np.isfinite(errors)
    overall = float(np.abs(errors[known]).mean())
    total = np.abs(np.where(known, errors, 0)).sum(axis=0)
    smooth = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), overall)
    weights = np.array([0.25, 0.5, 0.25])
    smooth = np.convolve(np.pad(smooth, 1, mode="edge"), weights, mode="valid")
    share = len(errors) / (len(errors) + 10)
    smooth = share * smooth + (1 - share) * overall
    return tuple(float(value) for value in np.maximum(_NORMAL * smooth, 1e-3))


def _quantiles(errors: Errors, spread: tuple[float, ...]) -> tuple[float, ...]:
    """Of the truth around forecasts, in spreads: the more windows there are, the less like a normal's."""
    off = -errors / np.array(spread)
    found = np.quantile(off[np.isfinite(off)], TRAINED_QUANTILES)
    share = len(errors) / (len(errors) + _FEW)
    return tuple((share * found + (1 - share) * ndtri(np.array(TRAINED_QUANTILES))).tolist())

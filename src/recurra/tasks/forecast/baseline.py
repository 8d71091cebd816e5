"""What a forecaster is compared with that is no net: naive and classical ones, and ridge on the last steps.

Each gives intervals too: its point forecast plus the quantiles of how far it was off before the moments that
are judged, as split conformal prediction does.

Source: Vovk, Gammerman and Shafer, "Algorithmic learning in a random world" (2005), for the intervals.
"""

import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from recurra.errors import DataError, DataWarning
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Prepared, Rival
from recurra.inputs.series.origin import Origins, rolling_origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import split_by_size
from recurra.inputs.series.window import history_before, targets_after
from recurra.metrics.forecast_baseline import BASELINES, BaselineFunction
from recurra.metrics.lag_regression import LagRegression
from recurra.tasks.forecast.answer import Answer
from recurra.tasks.forecast.base import MOST_STEPS
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.regression import fit_regression
from recurra.tasks.forecast.statistical import METHODS, asked_for, is_installed, statistical
from recurra.tasks.forecast.unit import moments

RIDGE = "ridge"
_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
_EACH, _ALL = 30, 3000  # moments of a series, and of all, at which methods show how far they are off
_ENOUGH = 100  # windows that tell the quantiles of a step; with fewer its neighbours count too
_AT_ONCE = 4096  # windows that are forecast

Steps = Float[np.ndarray, "windows horizon"]


def learn_ridge(prepared: Prepared) -> Iterator[Learnt]:
    """Ridge regression on the last steps, fitted on the training part; validation chooses the penalty.

    Nothing where the training part holds too few windows.
    """
    config, panel = prepared.config, prepared.train
    horizon, lags = config.horizon, min(int(config.context), MOST_STEPS)
    sizes = {"validation": int(config.validation_size), "test": int(config.test_size)}
    split = split_by_size(panel, horizon, **sizes)
    fit = partial(fit_regression, panel, split.train_end, horizon=horizon, lags=lags)
    spread = moments(panel, split.train_end).spread
    held = _thinned(split.train_end, split.validation_end, horizon)

    def error(method: LagRegression) -> float:
        off = _forecasts(method.forecast, panel, held, lags, horizon) - targets_after(panel, held, horizon)
        scaled = np.abs(off) / np.where(spread > 0, spread, np.inf)[held.series, None]
        return float(np.nanmean(scaled)) if np.isfinite(scaled).any() else 0.0

    fitted = [method for penalty in _PENALTIES if (method := fit(penalty=penalty)) is not None]
    if fitted:
        best = min(fitted, key=error) if len(held.series) else fitted[0]
        yield Learnt(RIDGE, {"lags": lags}, {"weights": best.weights})


def naive(schema: object, learnt: Mapping[str, Learnt], part: ForecastPart) -> Iterator[Rival]:
    """The baselines, each with intervals where there are moments before those that are judged."""
    del schema
    for name, baseline in BASELINES.items():
        yield _rival(name, baseline.label, "naive", baseline, part)
    wanted = asked_for(part.resolved.config.baselines)
    if wanted and not is_installed():  # a run that was trained elsewhere
        warnings.warn(
            f"left out {', '.join(wanted)}, as statsforecast is not installed; "
            "run: pip install 'recurra[baselines]'",
            DataWarning,
            stacklevel=2,
        )
        wanted = []
    for name in wanted:
        try:
            yield Rival(name, METHODS[name].label, "naive", statistical(name, part))
        except DataError as error:
            warnings.warn(f"left out {name}: {error.got}", DataWarning, stacklevel=2)
    if RIDGE in learnt:
        method = LagRegression(learnt[RIDGE].arrays["weights"])
        rival = _rival(RIDGE, "Ridge on the last steps", "linear", method.forecast, part)
        yield replace(rival, seconds=learnt[RIDGE].seconds, parameters=int(method.weights.size))


def _rival(name: str, label: str, kind: str, method: BaselineFunction, part: ForecastPart) -> Rival:
    panel, horizon = part.panel, part.resolved.horizon
    steps = max(part.resolved.context, 2 * panel.season_length)
    began = time.perf_counter()
    point = _forecasts(method, panel, part.origins, steps, horizon)
    took = time.perf_counter() - began
    scale = part.truth.scale.values
    first = np.zeros(len(panel), dtype=np.int64)
    first[part.origins.series[::-1]] = part.origins.position[::-1]
    earlier = _thinned(np.minimum(np.maximum(first // 3, 2 * panel.season_length), first), first, horizon)
    off = targets_after(panel, earlier, horizon) - _forecasts(method, panel, earlier, steps, horizon)
    units = np.where(np.isfinite(scale), scale, 0)
    away = off[units[earlier.series] > 0] / units[earlier.series][units[earlier.series] > 0, None]
    quantiles = None
    if np.isfinite(away).any():
        added = _quantiles(away, part.probabilities)
        quantiles = point[..., None] + units[part.origins.series][:, None, None] * added
    return Rival(name, label, kind, Answer(point, quantiles), took)


def _forecasts(method: BaselineFunction, panel: Panel, origins: Origins, steps: int, horizon: int) -> Steps:
    """Forecasts of many windows from their last `steps` steps, a few thousand at once."""
    found = [np.zeros((0, horizon))]
    for begin in range(0, len(origins.series), _AT_ONCE):
        part = Origins(*(values[begin : begin + _AT_ONCE] for values in origins))
        history, known = history_before(panel, part, steps)
        found.append(method(history, known, horizon, panel.season_length))
    return np.concatenate(found)


def _thinned(begin: Int64[np.ndarray, " series"], end: Int64[np.ndarray, " series"], horizon: int) -> Origins:
    """Moments spread over a part of each series."""
    room = np.maximum(end - begin - horizon + 1, 0)
    return rolling_origins(begin, end, horizon, max(1, int(room.max()) // _EACH, int(room.sum()) // _ALL))


def _quantiles(away: Steps, probabilities: tuple[float, ...]) -> Float[np.ndarray, "horizon quantiles"]:
    """Quantiles of distances at each step ahead."""
    horizon, near = away.shape[1], 0 if len(away) >= _ENOUGH else 1
    found = []
    for step in range(horizon):
        own: Any = away[:, max(0, step - near) : step + near + 1]
        own = own[np.isfinite(own)]
        found.append(np.quantile(own if len(own) else away[np.isfinite(away)], probabilities))
    return np.array(found)

"""What a network forecasts, in the units of the data, and how that is written."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
import torch
from jaxtyping import Float

from recurra.errors import ConfigError
from recurra.experiment.task import Fitted
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.streaming_network import Network
from recurra.training.device import choose_device


class Answer(NamedTuple):
    """Forecasts of some windows.

    Attributes:
        point: The point forecasts.
        quantiles: Those of the part's probabilities; None of who gives points only.
    """

    point: Float[np.ndarray, "windows horizon"]
    quantiles: Float[np.ndarray, "windows horizon quantiles"] | None


def answer(fitted: Fitted, part: ForecastPart) -> Answer:
    """Forecast a part, a batch at a time."""
    device = choose_device(fitted.config.device)
    network = cast("Network", fitted.model.to(device).eval())
    places = fitted.schema.places(part.panel)
    points, quantiles = [], []
    for batch in part.windows():
        with torch.inference_mode():
            known = replace(batch, series=torch.from_numpy(places[batch.series.numpy()]))
            parameters = network(known.to(device)).parameters
            points.append(network.head.point_forecast(parameters).cpu().numpy())
            quantiles.append(network.head.quantiles(parameters, part.probabilities).cpu().numpy())
    return Answer(np.concatenate(points), np.concatenate(quantiles))


def forecast_frame(part: ForecastPart, given: Answer, level: Sequence[float]) -> pl.DataFrame:
    """Id, time, `forecast` and the intervals (`forecast-lo-80`) of each step."""
    series, steps = _places(part)
    return pl.concat([part.panel.index_frame(series, steps), _values(given, level)], how="horizontal")


def backtest_frame(part: ForecastPart, given: Answer, level: Sequence[float]) -> pl.DataFrame:
    """Id, `cutoff` (the last time known), time, the target, `forecast` and the intervals of each step."""
    series, steps = _places(part)
    panel, truth, horizon = part.panel, part.truth, part.resolved.horizon
    time = panel.columns.time
    cutoff = panel.index_frame(series, part.origins.position.repeat(horizon) - 1)[time].alias("cutoff")
    values = np.where(truth.observed, truth.values, np.nan).ravel()
    target = pl.Series(panel.columns.target, values).fill_nan(None)
    index = panel.index_frame(series, steps)
    index = index.insert_column(index.columns.index(time), cutoff).with_columns(target)
    return pl.concat([index, _values(given, level)], how="horizontal")


def _places(part: ForecastPart) -> tuple[np.ndarray, np.ndarray]:
    """Series and step of every row."""
    horizon, (series, position) = part.resolved.horizon, part.origins
    return series.repeat(horizon), (position[:, None] + np.arange(horizon)).ravel()


def _values(given: Answer, level: Sequence[float]) -> pl.DataFrame:
    columns = [pl.Series("forecast", given.point.ravel())]
    if given.quantiles is not None:
        quantiles = given.quantiles.reshape(given.point.size, -1)
        for index, one in enumerate(level):
            columns.append(pl.Series(f"forecast-lo-{one:g}", quantiles[:, 2 * index]))
            columns.append(pl.Series(f"forecast-hi-{one:g}", quantiles[:, 2 * index + 1]))
    return pl.DataFrame(columns)


def checked_levels(level: Any) -> tuple[float, ...]:
    """Levels as they are asked for, each once.

    Raises:
        ConfigError: There is no list of them, or one is no number between 0 and 100.
    """
    if isinstance(level, str) or not isinstance(level, Iterable):
        raise ConfigError(f"level is {level!r}", "percentages such as (80, 95)", "Pass level=(80,).")
    levels = tuple(level)
    for one in levels:
        if not isinstance(one, Real) or not 0 < float(one) < 100:
            raise ConfigError(f"level {one!r}", "a percentage between 0 and 100", "Pass level=(80, 95).")
    return tuple(dict.fromkeys(float(one) for one in levels))


def interval_probabilities(level: Sequence[float]) -> tuple[float, ...]:
    """The lower and upper probability of every interval."""
    return tuple(side for one in level for side in ((100 - one) / 200, (100 + one) / 200))

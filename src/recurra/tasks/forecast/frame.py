"""Forecasts as tables: one row a step, intervals in columns named as is usual (`forecast-lo-80`)."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.fitted import Forecasts


def forecast_frame(panel: Panel, parts: Sequence[Forecasts], level: Sequence[float]) -> pl.DataFrame:
    """Id, time, `forecast` and the intervals of each step."""
    series, steps = _places(parts)
    return pl.concat([panel.index_frame(series, steps), _values(parts, level)], how="horizontal")


def backtest_frame(panel: Panel, parts: Sequence[Forecasts], level: Sequence[float]) -> pl.DataFrame:
    """Id, `cutoff` (the last time known), time, the target, `forecast` and the intervals of each step."""
    series, steps = _places(parts)
    horizon = parts[0].point.shape[1]
    time = panel.columns.time
    origin = np.concatenate([part.windows.origin.numpy() for part in parts]).repeat(horizon)
    cutoff = panel.index_frame(series, origin - 1)[time].alias("cutoff")
    truth = np.concatenate([part.windows.target[:, -horizon:].numpy().ravel() for part in parts])
    observed = np.concatenate([part.windows.observed[:, -horizon:].numpy().ravel() for part in parts])
    target = pl.Series(panel.columns.target, np.where(observed, truth, np.nan)).fill_nan(None)
    index = panel.index_frame(series, steps)
    index = index.insert_column(index.columns.index(time), cutoff).with_columns(target)
    return pl.concat([index, _values(parts, level)], how="horizontal")


def _places(parts: Sequence[Forecasts]) -> tuple[np.ndarray, np.ndarray]:
    """Series and step of every row."""
    horizon = parts[0].point.shape[1]
    series = np.concatenate([part.windows.series.numpy() for part in parts])
    origin = np.concatenate([part.windows.origin.numpy() for part in parts])
    return series.repeat(horizon), (origin[:, None] + np.arange(horizon)).ravel()


def _values(parts: Sequence[Forecasts], level: Sequence[float]) -> pl.DataFrame:
    columns = [pl.Series("forecast", np.concatenate([part.point.ravel() for part in parts]))]
    quantiles = np.concatenate([part.quantiles.reshape(part.point.size, -1) for part in parts])
    for index, one in enumerate(level):
        columns.append(pl.Series(f"forecast-lo-{one:g}", quantiles[:, 2 * index]))
        columns.append(pl.Series(f"forecast-hi-{one:g}", quantiles[:, 2 * index + 1]))
    return pl.DataFrame(columns)

import numpy as np
import polars as pl
import pytest
import torch
from tests.tasks.forecast.example import QUICK, hourly

from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.fitted import Forecasts
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.frame import backtest_frame, forecast_frame
from recurra.tasks.forecast.part import held_out_origins


@pytest.fixture(scope="module")
def parts() -> tuple[Panel, list[Forecasts]]:
    frame = hourly({"a": 60, "b": 45})
    one = Forecaster(3, **{**QUICK, "batch_size": 5}).fit(frame).fitted_
    panel = Panel.build(frame, schema=one.schema)
    origins = held_out_origins(panel, one.resolved, 6)
    return panel, list(one.forecasts(panel, origins, (0.1, 0.9, 0.25, 0.75), device=torch.device("cpu")))


def test_every_step_of_every_window_has_a_row(parts: tuple[Panel, list[Forecasts]]):
    panel, windows = parts
    assert len(windows) > 1
    frame = forecast_frame(panel, windows, (80.0, 50.0))
    sides = [f"forecast-{side}-{level}" for level in (80, 50) for side in ("lo", "hi")]
    assert frame.columns == ["unique_id", "ds", "forecast", *sides]
    row = 0
    for part in windows:
        for window in range(len(part.windows)):
            series, origin = int(part.windows.series[window]), int(part.windows.origin[window])
            for step in range(3):
                found = frame.row(row, named=True)
                assert found["unique_id"] == panel.ids[series]
                times = panel.step_times(np.array([series]), np.array([origin + step]))
                assert found["ds"] == pl.from_epoch(pl.Series(times), "us")[0]
                assert found["forecast"] == part.point[window, step]
                assert found["forecast-lo-80"] == part.quantiles[window, step, 0]
                assert found["forecast-hi-50"] == part.quantiles[window, step, 3]
                row += 1
    assert row == len(frame)


def test_a_backtest_adds_the_truth_and_the_last_time_known(parts: tuple[Panel, list[Forecasts]]):
    panel, windows = parts
    frame = backtest_frame(panel, windows, (80.0, 50.0))
    assert frame.columns[:5] == ["unique_id", "cutoff", "ds", "y", "forecast"]
    assert frame.drop("cutoff", "y").equals(forecast_frame(panel, windows, (80.0, 50.0)))
    truth = {(name, time): value for name, time, value in hourly({"a": 60, "b": 45}).iter_rows()}
    for row in frame.iter_rows(named=True):
        assert row["y"] == pytest.approx(truth[row["unique_id"], row["ds"]], rel=1e-6)

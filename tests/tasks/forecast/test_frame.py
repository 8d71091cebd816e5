import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import QUICK, hourly

from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.answer import Answer, answer, backtest_frame, forecast_frame
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.part import ForecastPart, held_out_origins
from recurra.tasks.forecast.schema import resolved_of


@pytest.fixture(scope="module")
def told() -> tuple[ForecastPart, Answer]:
    frame = hourly({"a": 60, "b": 45})
    one = Forecaster(3, **{**QUICK, "batch_size": 5}).fit(frame).fitted_
    panel, resolved = Panel.build(frame, schema=one.schema.panel), resolved_of(one)
    origins = held_out_origins(panel, resolved, 6)
    part = ForecastPart(panel, origins, resolved, one.schema.scaling, (0.1, 0.9, 0.25, 0.75))
    return part, answer(one, part)


def test_every_step_of_every_window_has_a_row(told: tuple[ForecastPart, Answer]):
    part, given = told
    assert len(list(part.windows())) > 1
    frame = forecast_frame(part, given, (80.0, 50.0))
    sides = [f"forecast-{side}-{level}" for level in (80, 50) for side in ("lo", "hi")]
    assert frame.columns == ["unique_id", "ds", "forecast", *sides]
    row = 0
    for window, (series, origin) in enumerate(zip(*part.origins, strict=True)):
        for step in range(3):
            found = frame.row(row, named=True)
            assert found["unique_id"] == part.panel.ids[series]
            times = part.panel.step_times(np.array([series]), np.array([origin + step]))
            assert found["ds"] == pl.from_epoch(pl.Series(times), "us")[0]
            assert found["forecast"] == given.point[window, step]
            assert found["forecast-lo-80"] == given.quantiles[window, step, 0]
            assert found["forecast-hi-50"] == given.quantiles[window, step, 3]
            row += 1
    assert row == len(frame)


def test_a_backtest_adds_the_truth_and_the_last_time_known(told: tuple[ForecastPart, Answer]):
    frame = backtest_frame(*told, (80.0, 50.0))
    assert frame.columns[:5] == ["unique_id", "cutoff", "ds", "y", "forecast"]
    assert frame.drop("cutoff", "y").equals(forecast_frame(*told, (80.0, 50.0)))
    truth = {(name, time): value for name, time, value in hourly({"a": 60, "b": 45}).iter_rows()}
    for row in frame.iter_rows(named=True):
        assert row["y"] == pytest.approx(truth[row["unique_id"], row["ds"]], rel=1e-6)

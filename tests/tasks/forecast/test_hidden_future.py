from dataclasses import fields
from typing import Any

import polars as pl
import pytest
import torch
from tests.tasks.forecast.example import QUICK, hourly, integer_series, seasonal

from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.window import WindowSource
from recurra.tasks.forecast.config import forecast_config
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.prepare import PARTLY, WHOLLY, HiddenFuture, SeriesData, prepare

COLUMNS = Columns("unique_id", "ds", "y", past=("heat",), future=("price", "kind"))
FUTURE = {"future", "future_observed", "future_codes"}


def source(batch_size: int = 400) -> HiddenFuture:
    frame = hourly({"a": 60, "b": 45}).with_columns(
        heat=pl.col("y") + 1, price=pl.col("y") * 2, kind=pl.format("k{}", pl.int_range(pl.len()) % 3)
    )
    panel = Panel.build(frame, COLUMNS)
    settings: dict[str, Any] = {
        "context": 8,
        "horizon": 5,
        "batch_size": batch_size,
        "batches": 3,
        "min_history": 8,
    }
    return HiddenFuture(WindowSource(panel, **settings, ends=panel.lengths, seed=4))


def test_some_windows_hide_the_horizon_from_a_step_on_and_nothing_else():
    hiding = source()
    assert len(hiding) == 3
    whole, batch = hiding.source.batch(1, 2), hiding.batch(1, 2)
    for field in fields(batch):
        if field.name not in FUTURE:
            assert torch.equal(getattr(batch, field.name), getattr(whole, field.name)), field.name
    seen = batch.future_observed[..., 0]
    assert seen[:, :8].all()
    first = seen.sum(dim=1) - 8
    steps = torch.arange(13) - 8
    assert torch.equal(seen, steps < first[:, None])
    for name, hidden in (("future", 0.0), ("future_codes", 0)):
        expected = torch.where(seen[..., None], getattr(whole, name), hidden)
        assert torch.equal(getattr(batch, name), expected)
    assert (first == 0).float().mean() == pytest.approx(WHOLLY + PARTLY / 5, abs=0.05)
    assert (first < 5).float().mean() == pytest.approx(WHOLLY + PARTLY, abs=0.06)
    assert set(first.tolist()) == {0, 1, 2, 3, 4, 5}


def test_what_is_hidden_follows_from_epoch_and_index_alone():
    hiding = source(50)
    again = source(50).batch(1, 2)
    hiding.batch(0, 0)
    assert torch.equal(hiding.batch(1, 2).future, again.future)
    hidden = {
        hiding.batch(epoch, index).future_observed.sum().item() for epoch in range(3) for index in range(3)
    }
    assert len(hidden) > 3


def test_only_windows_with_a_known_future_are_treated():
    frame = hourly({"a": 60, "b": 45}).with_columns(price=pl.col("y"))
    for future, kind in (((), WindowSource), (("price",), HiddenFuture)):
        panel = Panel.build(frame, Columns("unique_id", "ds", "y", future=future))
        plan = prepare(SeriesData(forecast_config({"horizon": 3, **QUICK, "future": future}), panel))
        assert type(plan.source) is kind


@pytest.mark.filterwarnings("ignore::recurra.errors.DataWarning")
def test_a_forecast_without_the_known_future_widens_its_intervals():
    price = pl.Series("price", torch.randn(400, generator=torch.Generator().manual_seed(1)).numpy())
    frame = integer_series(seasonal(400, trend=0)).with_columns(price, y=pl.col("y") + 4 * price)
    settings: dict[str, Any] = {"max_epochs": 6, "steps_per_epoch": 25, "batch_size": 32, "hidden_size": 16}
    forecaster = Forecaster(
        6, **settings, season_length=6, context=18, future=("price",), learning_rate=1e-2, test_size=60
    ).fit(frame)
    informed = forecaster.evaluate().scores["recurra"]["mae"]
    forecasts = pl.concat([forecaster.predict(frame.head(end)) for end in range(340, 395, 6)])
    blind = forecasts.join(frame, on="ds")
    inside = blind["y"].is_between(blind["forecast-lo-80"], blind["forecast-hi-80"]).mean()
    error = (blind["y"] - blind["forecast"]).abs().mean()
    assert informed < 0.7 * error
    assert error < 5  # type: ignore[operator]
    assert inside > 0.38  # type: ignore[operator] # 0.27 where training never hides it

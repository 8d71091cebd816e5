"""Public holidays that a forecaster learns, without a table that holds them."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import QUICK

from recurra import Forecaster
from recurra.data.holiday import days_off
from recurra.errors import ConfigError
from recurra.tasks.forecast.config import ForecastAnswer
from recurra.tasks.forecast.live_window import LiveWindow
from recurra.tasks.forecast.task import FORECAST

_TODAY = (date(2024, 12, 20) - date(1970, 1, 1)).days
SETTINGS = {**QUICK, "horizon": 14, "max_epochs": 1, "test_size": 90}


def closed_on_holidays(length: int = 800) -> pl.DataFrame:
    """A week, 40 less on holidays, and noise of 1; up to five days before Christmas."""
    days = np.arange(_TODAY - length + 1, _TODAY + 1)
    off = [day for year in range(2020, 2026) for day in days_off("DE", year)]
    noise = np.random.default_rng(0).normal(size=length)
    values = 100 + 10 * np.sin(2 * np.pi * days / 7) - 40 * np.isin(days, off) + noise
    return pl.DataFrame({"ds": [date(1970, 1, 1) + timedelta(days=int(day)) for day in days], "y": values})


@pytest.fixture(scope="module")
def told() -> Forecaster:
    return Forecaster(**SETTINGS, holidays="de").fit(closed_on_holidays())


def test_a_known_effect_is_learnt(told: Forecaster) -> None:
    plain = Forecaster(**SETTINGS).fit(closed_on_holidays())
    with_them, without = (one.evaluate().scores["recurra"]["mase"] for one in (told, plain))
    assert with_them < 0.7 * without


def test_forecasts_know_them_without_a_table_of_the_future(told: Forecaster, tmp_path: Path) -> None:
    told.save(tmp_path / "model")
    for one in (told, Forecaster.load(tmp_path / "model")):
        forecast = one.predict()["forecast"].to_numpy()
        assert (forecast[[4, 5, 11]] < 75).all()  # Christmas, the day after, New Year
        assert (np.delete(forecast, [4, 5, 11]) > 80).all()
    given = told.predict(closed_on_holidays(300))["forecast"].to_numpy()
    np.testing.assert_allclose(given, forecast, rtol=0.05)


def test_nothing_is_said_of_rows_that_nobody_gave(told: Forecaster) -> None:
    (said,) = FORECAST.part(None, told.fitted_, ForecastAnswer()).repairs
    assert said.startswith("the net was trained on times up to")


def test_a_stream_knows_them_too(told: Forecaster) -> None:
    history = closed_on_holidays()
    live = LiveWindow(told.fitted_, "")
    row = {"ds": "2024-12-21", "y": 95.0}
    values = live.predict(row)
    assert values.notes == ()
    longer = pl.concat([history, pl.DataFrame({"ds": [date(2024, 12, 21)], "y": [95.0]})])
    expected = told.predict(longer)["forecast"].to_numpy()
    np.testing.assert_allclose(values.values["forecast"], expected, rtol=1e-5)
    assert (values.values["forecast"][[3, 4, 10]] < 75).all()
    fresh = LiveWindow(told.fitted_, "").predict({"ds": "2025-04-17", "y": 95.0})  # starts cold
    assert np.isfinite(fresh.values["forecast"]).all()


def test_a_streaming_network_refuses_them() -> None:
    with pytest.raises(ConfigError, match=r"holidays is DE; .* Leave holidays out, or train the default"):
        Forecaster(horizon=3, preset="streaming", holidays="DE").fit(closed_on_holidays(60))
    with pytest.raises(ConfigError, match=r"holidays is 'DU'.*near"):
        Forecaster(horizon=3, holidays="DU")

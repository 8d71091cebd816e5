"""The base of forecasts: the method that suits the series, judged without their test part."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from recurra import Forecaster
from recurra.errors import DamagedError
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.base import MOST_SERIES, REGRESSION, Base, choose_base, suits
from recurra.tasks.forecast.config import forecast_config
from recurra.tasks.forecast.head import QuantileHead

QUICK = {"horizon": 6, "max_epochs": 2, "hidden_size": 4, "baselines": ()}


def frame(*series, start=dt.date(2015, 1, 1)):
    return pl.concat(
        pl.DataFrame(
            {
                "unique_id": [f"s{number}"] * len(values),
                "ds": [start + dt.timedelta(day) for day in range(len(values))],
                "y": np.asarray(values, dtype=np.float64),
            }
        )
        for number, values in enumerate(series)
    )


def chosen(values, *, horizon=6, season=7, context=28, held=20):
    panel = Panel.read(frame(values), season_length=season)
    end = panel.lengths - held

    def units(origins):
        return np.full(len(origins.series), np.nanstd(values[:100]))

    return panel, choose_base(panel, end - held, end, horizon, context, units)


def noise(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_what_repeats_each_season_is_repeated(unit):
    pattern = np.tile([0, 5, 1, 9, 3, 7, 2], 40)
    _, base = chosen(unit * (20 + pattern + 0.01 * noise(280)))
    assert base.label not in ("last value", "mean")
    assert max(base.spread) < 0.1


def test_what_goes_on_by_a_rule_of_its_last_steps_is_left_to_the_regression():
    values = np.zeros(300)
    shocks = noise(300)
    for step in range(2, 300):
        values[step] = (
            1.9 * np.cos(2 * np.pi / 10.3) * values[step - 1] - 0.95 * values[step - 2] + shocks[step]
        )
    _, base = chosen(50 + values)
    assert base.members == (REGRESSION,)
    assert base.regression.weights.shape == (base.span, 6)


def test_the_spread_is_how_far_it_is_off():
    values = np.cumsum(noise(600, seed=2))
    panel, base = chosen(values, horizon=4, held=200)
    steps = np.arange(1, 5)
    assert np.all(np.diff(base.spread) > 0)
    np.testing.assert_allclose(np.array(base.spread) * values[:100].std(), np.sqrt(steps), rtol=0.35)
    origins = Origins(np.zeros(190, dtype=np.int64), np.arange(400, 590))
    truth = panel.target[origins.position[:, None] + np.arange(4)]
    off = np.abs(base.forecast(panel, origins) - truth) / (np.array(base.spread) * values[:100].std())
    assert 0.55 < (off < 1).mean() < 0.8


def test_the_test_part_is_not_looked_at():
    values = 20 + np.cumsum(noise(200))
    _, one = chosen(values)
    other = values.copy()
    other[180:] = 1e6
    _, two = chosen(other)
    assert (one.members, one.spread) == (two.members, two.spread)


def test_gaps_and_the_beginning_of_a_series_do_not_stop_it():
    values = 20 + np.cumsum(noise(120))
    values[[3, 4, 50, 51, 52, 80]] = np.nan
    panel, base = chosen(values)
    everywhere = Origins(np.zeros(120, dtype=np.int64), np.arange(120))
    assert np.isfinite(base.forecast(panel, everywhere)).all()
    np.testing.assert_array_equal(base.forecast(panel, everywhere)[0], np.zeros(6))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("values", [
    np.zeros(90), np.full(90, 5.0), np.r_[np.zeros(80), np.full(60, 1e6)], np.arange(14.0),
    np.r_[np.zeros(60), np.tile([1, 2, 3, 4, 5, 6, 0], 12)], np.where(noise(120) > 1.5, 3.0, 0.0),
], ids=["zeros", "constant", "jump", "short", "zeros, then a season", "mostly zeros"])  # fmt: skip
def test_series_that_tell_little_have_finite_forecasts(values):
    told = Forecaster(**QUICK).fit(frame(values)).predict()
    assert np.isfinite(told.select("forecast", "forecast-lo-80", "forecast-hi-95").to_numpy()).all()


def test_few_series_begin_from_a_base():
    panel = Panel.read(frame(noise(60), noise(60)))
    assert suits(forecast_config({"horizon": 3}), panel)
    for other in ({"base": "none"}, {"preset": "streaming"}, {"preset": "m4"}, {"head": "negative_binomial"}):
        assert not suits(forecast_config({"horizon": 3, **other}), panel)
    many = Panel.read(frame(*[noise(9)] * (MOST_SERIES + 1)))
    assert not suits(forecast_config({"horizon": 3}), many)
    more = frame(noise(60)).with_columns(price=pl.lit(1.0))
    assert suits(forecast_config({"horizon": 3}), Panel.read(more, past=("price",)))


@pytest.mark.parametrize("values", [20 + np.cumsum(noise(150)), 20 + np.tile([0, 5, 1, 9, 3, 7, 2], 22)])
def test_a_saved_forecaster_forecasts_the_same(values, tmp_path):
    forecaster = Forecaster(**QUICK).fit(frame(values))
    again = Forecaster.load(forecaster.save(tmp_path / "model"))
    assert again.fitted_.schema.base.label == forecaster.fitted_.schema.base.label
    assert again.predict().equals(forecaster.predict())
    assert again.predict(frame(values)).equals(forecaster.predict())


def test_level_and_unit_of_the_data_do_not_matter():
    values = 20 + np.cumsum(noise(150))
    one, two = (Forecaster(**QUICK).fit(frame(unit * values)) for unit in (1.0, 2.0**20))
    columns = ["forecast", "forecast-lo-80", "forecast-hi-95"]
    np.testing.assert_allclose(
        two.predict().select(columns).to_numpy(),
        2.0**20 * one.predict().select(columns).to_numpy(),
        rtol=1e-4,
    )


def test_what_does_not_go_together_is_told():
    document = Base((REGRESSION,), 3, 2, (1.0, 1.0)).to_dict()
    table = {"base": pl.DataFrame(np.zeros((3, 2)))}
    assert Base.revive(document, table).regression.lags == 3
    assert Base.revive(None, {}) is None
    for wrong, tables in (
        (document, {}),
        (document, {"base": pl.DataFrame(np.zeros((3, 1)))}),
        ({**document, "members": ["oracle"]}, table),
        ({**document, "spread": [1.0]}, table),
    ):
        with pytest.raises(DamagedError):
            Base.revive(wrong, tables)
    assert replace(Base(("theta",), 3, 2, (1.0, 1.0)), span=4).tables() == {}


def test_quantiles_of_its_errors_give_intervals_their_shape():
    skewed = 20 + np.random.default_rng(0).exponential(size=400)
    _, base = chosen(skewed, horizon=4, held=40)
    below, above = base.quantiles[4] - base.quantiles[1], base.quantiles[7] - base.quantiles[4]
    assert above > 1.2 * below
    head = QuantileHead()
    raw = torch.tensor(head.neutral_at(base.quantiles)).expand(1, 1, -1)
    parameters = head.parameters(raw, torch.zeros(1, 1), torch.ones(1, 1))[0, 0]
    expected = np.array(base.quantiles) - base.quantiles[4]
    np.testing.assert_allclose(parameters.numpy(), expected, atol=1e-5)


def test_what_is_mostly_zero_is_forecast_by_its_mean_and_never_below_zero():
    random = np.random.default_rng(0)
    sales = np.where(random.random(300) < 0.3, 1.0 + random.poisson(3, 300), 0.0)
    forecaster = Forecaster(**QUICK).fit(frame(sales))
    assert forecaster.config_.point == "mean"
    told = forecaster.predict()
    assert told["forecast"].mean() == pytest.approx(sales.mean(), rel=0.25)
    assert told.select(pl.min_horizontal("forecast", "forecast-lo-95")).to_series().min() >= 0
    median = Forecaster(**QUICK, point="median").fit(frame(sales)).predict()["forecast"]
    assert median.mean() < 0.8 * told["forecast"].mean()
    assert Forecaster(**QUICK).fit(frame(noise(300))).config_.point == "median"

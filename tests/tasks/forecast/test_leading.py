"""Covariates known up to the present are used where they lead, and do no harm where they do not."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from recurra import Forecaster
from recurra.errors import DamagedError
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.base import Base
from recurra.tasks.forecast.leading import Leading, features_of

HORIZON, LEAD = 4, 6
SETTINGS: dict[str, Any] = {
    "horizon": HORIZON,
    "season_length": 6,
    "test_size": 24,
    "max_epochs": 2,
    "steps_per_epoch": 3,
    "hidden_size": 4,
}


def led(effect: float, *, length: int = 160, seed: int = 0) -> pl.DataFrame:
    """A season with noise, and a covariate that comes before what it does; times 0 it does nothing."""
    random = np.random.default_rng(seed)
    orders = np.cumsum(random.normal(size=length))
    before = np.concatenate([np.zeros(LEAD), orders[:-LEAD]])
    season = 4 * np.sin(2 * np.pi * np.arange(length) / 6)
    values = 100 + season + effect * before + random.normal(size=length)
    return pl.DataFrame({"ds": range(length), "y": values, "orders": orders})


def fitted(frame: pl.DataFrame, **settings: Any) -> Forecaster:
    return Forecaster(**{**SETTINGS, **settings}).fit(frame)


def leading_of(forecaster: Forecaster) -> Leading | None:
    base = forecaster.fitted_.schema.base
    assert base is not None
    return base.leading


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return fitted(led(3.0), past=("orders",))


def test_a_covariate_that_leads_makes_forecasts_better(forecaster: Forecaster) -> None:
    found = leading_of(forecaster)
    assert found is not None
    assert forecaster.fitted_.schema.base.label.endswith("led by covariates")
    without = fitted(led(3.0).drop("orders")).evaluate().scores["recurra"]["mase"]
    assert forecaster.evaluate().scores["recurra"]["mase"] < 0.75 * without


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_that_does_nothing_does_no_harm(seed: int) -> None:
    frame = led(0.0, seed=seed)
    one, other = fitted(frame, past=("orders",)), fitted(frame.drop("orders"))
    assert leading_of(one) is None
    found, expected = (each.evaluate().scores["recurra"]["mase"] for each in (one, other))
    assert found < 1.05 * expected


def test_the_test_part_is_not_looked_at(forecaster: Forecaster) -> None:
    changed = led(3.0).with_columns(
        pl.when(pl.int_range(pl.len()) >= 136).then(pl.lit(999.0)).otherwise(pl.col(name)).alias(name)
        for name in ("y", "orders")
    )
    found, expected = leading_of(fitted(changed, past=("orders",))), leading_of(forecaster)
    assert found is not None
    assert expected is not None
    np.testing.assert_array_equal(found.weights, expected.weights)


def test_it_is_kept_with_the_model(forecaster: Forecaster, tmp_path) -> None:
    forecaster.save(tmp_path / "model")
    again = Forecaster.load(tmp_path / "model")
    assert again.predict().equals(forecaster.predict())


def test_weights_that_do_not_fit_the_horizon_are_told() -> None:
    leading = Leading(np.ones((2, 3)), 2, (0.0,), (1.0,))
    base = Base(("mean",), 9, HORIZON, (1.0,) * HORIZON, leading=leading)
    with pytest.raises(DamagedError, match="covariates that lead"):
        Base.revive(base.to_dict(), {})


def test_features_are_the_last_value_and_the_way_to_it() -> None:
    frame = pl.DataFrame({"ds": range(5), "y": [1.0] * 5, "x": [1.0, 3.0, None, 7.0, 9.0]})
    panel = Panel.read(frame, past=("x",))
    origins = Origins(np.array([0, 0, 0]), np.array([5, 3, 1]))
    found = features_of(panel, origins, 3, (1.0,), (2.0,))
    np.testing.assert_array_equal(found, [[4, -1, 0], [0, 1, 0], [0, 0, 0]])

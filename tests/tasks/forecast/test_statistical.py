"""Models of statsforecast as baselines: a stand-in that is called as they are, and theirs where installed."""

import sys
import types
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.example import integer_series

from recurra import Forecaster
from recurra.errors import ConfigError, DataWarning, MissingDependencyError
from recurra.tasks.forecast import statistical
from recurra.tasks.forecast.baseline import naive

SMALL: dict[str, Any] = {"max_epochs": 1, "steps_per_epoch": 1, "hidden_size": 4, "season_length": 3}


class Drifting:
    """Forecasts the last value, with intervals in proportion to the deviation of the changes."""

    fits: list[np.ndarray]

    def __init__(self, season_length: int) -> None:
        self.season_length = season_length

    def fit(self, y: np.ndarray) -> "Drifting":
        if np.ptp(y) == 0:
            raise ZeroDivisionError("nothing changes")
        self.fits.append(y)
        self.deviation = np.diff(y).std()
        return self

    def forward(self, y: np.ndarray, h: int, level: list[float]) -> dict[str, np.ndarray]:
        mean = np.full(h, y[-1])
        reach = self.deviation * np.sqrt(np.arange(1, h + 1))
        ends = {f"{side}-{one}": mean + sign * reach * one / 50 for one in level for side, sign in SIDES}
        return {"mean": mean, **ends}


SIDES = (("lo", -1), ("hi", 1))


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[Drifting]:
    Drifting.fits = []
    models = types.SimpleNamespace(AutoETS=Drifting, AutoTheta=Drifting, AutoARIMA=Drifting)
    monkeypatch.setitem(sys.modules, "statsforecast.models", models)
    monkeypatch.setattr(statistical, "is_installed", lambda: True)
    monkeypatch.setattr("recurra.tasks.forecast.baseline.is_installed", lambda: True)
    return Drifting


def walk(length: int, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(size=length)) + 50


def test_it_stands_beside_the_others_with_intervals_and_is_fitted_once(stand_in: type[Drifting]) -> None:
    values = walk(90)
    forecaster = Forecaster(horizon=4, test_size=12, baselines=("auto_ets",), **SMALL)
    models = {one.name: one for one in forecaster.fit(integer_series(values)).evaluate().models}
    assert models["auto_ets"].label == "AutoETS"
    for name in ("mase", "wql", "coverage_80"):
        assert np.isfinite(models["auto_ets"].scores.overall[name])
    assert models["auto_ets"].scores.overall["mase"] == models["last_value"].scores.overall["mase"]
    (seen,) = stand_in.fits
    np.testing.assert_array_equal(seen, values[:78])


def test_gaps_hold_the_value_before_them_and_quantiles_are_in_order(stand_in: type[Drifting]) -> None:
    values = walk(60)
    values[[0, 1, 20, 21, 58]] = np.nan
    forecaster = Forecaster(horizon=3, test_size=6, baselines=("auto_theta",), **SMALL)
    forecaster.fit(integer_series(values).with_columns(pl.col("y").fill_nan(None)))
    part = forecaster._part(*forecaster._held_out(None, None, None, None))
    said = {one.name: one.answer for one in naive(None, {}, part)}["auto_theta"]
    assert len(stand_in.fits[0]) == 52
    assert stand_in.fits[0][18] == stand_in.fits[0][19] == values[19]
    assert said.quantiles is not None
    assert (np.diff(said.quantiles, axis=-1) > 0).all()
    np.testing.assert_array_equal(said.quantiles[..., part.probabilities.index(0.5)], said.point)


CHANGED_LATE = np.r_[np.full(57, 7.0), 8.0, 9.0, 10.0]


def test_a_method_that_cannot_be_fitted_to_a_series_is_left_out_with_the_reason(
    stand_in: type[Drifting],
) -> None:
    forecaster = Forecaster(horizon=3, test_size=3, baselines=("auto_arima",), **SMALL)
    forecaster.fit(integer_series(CHANGED_LATE))
    with pytest.warns(DataWarning, match=r"left out auto_arima: AutoARIMA cannot .* to the series \(nothing"):
        scores = forecaster.evaluate().scores
    assert stand_in.fits == []
    assert "auto_arima" not in scores


@pytest.mark.parametrize(("end", "reason"), [("mean", "its forecasts are no numbers"), ("hi-80.0", "")])
def test_forecasts_that_are_no_numbers_are_nobodys(
    stand_in: type[Drifting], monkeypatch: pytest.MonkeyPatch, end: str, reason: str
) -> None:
    plain = stand_in.forward

    def broken(self: Drifting, y: np.ndarray, h: int, level: list[float]) -> dict[str, np.ndarray]:
        return plain(self, y, h, level) | {end: np.full(h, np.nan)}

    monkeypatch.setattr(stand_in, "forward", broken)
    forecaster = Forecaster(horizon=3, test_size=3, baselines=("auto_ets",), **SMALL)
    forecaster.fit(integer_series(walk(60)))
    if reason:
        with pytest.warns(DataWarning, match=reason):
            assert "auto_ets" not in forecaster.evaluate().scores
    else:  # the point can be judged, intervals cannot
        scores = forecaster.evaluate().scores["auto_ets"]
        assert np.isfinite(scores["mae"])
        assert not np.isfinite(scores.get("wql", np.nan))


def test_without_the_package_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistical, "is_installed", lambda: False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'recurra\[baselines\]'") as error:
        Forecaster(horizon=3, baselines=("auto_ets", "auto_theta"), **SMALL).fit(integer_series(walk(60)))
    assert "baselines=auto_ets,auto_theta" in str(error.value)
    with pytest.raises(ConfigError, match="auto_ets"):
        Forecaster(horizon=3, baselines=("ets",))


def test_a_run_from_elsewhere_is_judged_without_them(
    stand_in: type[Drifting], monkeypatch: pytest.MonkeyPatch
) -> None:
    forecaster = Forecaster(horizon=3, baselines=("auto_ets",), **SMALL).fit(integer_series(walk(60)))
    monkeypatch.setattr("recurra.tasks.forecast.baseline.is_installed", lambda: False)
    with pytest.warns(DataWarning, match="left out auto_ets"):
        assert "auto_ets" not in forecaster.evaluate().scores


@pytest.mark.parametrize("name", ["auto_ets", "auto_theta"])
@pytest.mark.filterwarnings("ignore")
def test_the_package_itself(name: str) -> None:
    pytest.importorskip("statsforecast")
    steps = np.arange(120)
    values = 50 + 5 * np.sin(steps * 2 * np.pi / 12) + np.random.default_rng(0).normal(0, 0.5, 120)
    settings = SMALL | {"season_length": 12, "baselines": (name,)}
    scores = Forecaster(horizon=6, test_size=18, **settings).fit(integer_series(values)).evaluate().scores
    assert scores[name]["mase"] < scores["seasonal_naive"]["mase"]
    assert 0.5 < scores[name]["coverage_80"] <= 1

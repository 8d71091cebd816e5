"""What covariates known ahead add, under a base of forecasts."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recurra import Forecaster
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.effect import Effects, features_of, fit_effects, without

QUICK = {"horizon": 8, "season_length": 12, "max_epochs": 1, "steps_per_epoch": 1, "hidden_size": 4}


def sales(length: int = 160, seed: int = 0) -> pl.DataFrame:
    """A season, 15 more with a promotion, 6 less on days of kind b, and noise of 1."""
    random, step = np.random.default_rng(seed), np.arange(length)
    promotion, kind = random.random(length) < 0.2, random.choice(["a", "b"], size=length, p=[0.8, 0.2])
    values = 100 + 10 * np.sin(step * np.pi / 6) + 15 * promotion - 6 * (kind == "b")
    values = values + random.normal(size=length)
    return pl.DataFrame({"ds": step, "y": values, "promotion": promotion.astype(float), "kind": kind})


def panel_of(frame: pl.DataFrame) -> Panel:
    return Panel.read(frame, future=("promotion", "kind"), season_length=12)


@pytest.mark.parametrize("steps", [1, 12])
def test_a_regression_of_changes_finds_them(steps: int) -> None:
    panel = panel_of(sales(400))
    (found,) = fit_effects(panel, panel.lengths, (steps,))
    added = found.added(panel)
    features = features_of(panel)
    assert added[features[:, 0] == 1].mean() - added[features[:, 0] == 0].mean() == pytest.approx(15, abs=1.5)
    assert added[features[:, 2] == 1].mean() - added[features[:, 1] == 1].mean() == pytest.approx(-6, abs=1.5)
    np.testing.assert_allclose(without(panel, found).target + added, panel.target)


def test_nothing_later_is_looked_at_and_little_tells_nothing() -> None:
    panel = panel_of(sales())
    changed = sales().with_columns(y=pl.when(pl.col("ds") >= 100).then(0.0).otherwise("y"))
    ends = np.array([100])
    assert fit_effects(panel, ends, (1, 12)) == fit_effects(panel_of(changed), ends, (1, 12))
    assert fit_effects(panel, np.array([12]), (1, 12)) == []
    assert fit_effects(Panel.read(sales().select("ds", "y")), ends, (1, 12)) == []


def test_what_is_unknown_counts_as_usual() -> None:
    panel = panel_of(sales().with_columns(promotion=pl.when(pl.col("ds") != 5).then("promotion")))
    effects = Effects((1.0, 0.0, 0.0), (0.25, 0.5, 0.5), {"series": 2.0}, 0.5)
    added = effects.added(panel)
    assert added[5] == 0
    assert set(np.delete(added, 5).tolist()) == {-0.5, 1.5}
    assert Effects.from_dict(effects.to_dict()) == effects


def test_forecasts_follow_what_is_known_ahead(tmp_path: Path) -> None:
    frame = sales(212)
    history, future = frame[:200], frame[200:208].drop("y")
    settings = {**QUICK, "future": ("promotion", "kind")}
    forecaster = Forecaster(**settings).fit(history)
    assert forecaster.fitted_.schema.base.effects is not None
    forecaster.save(tmp_path / "model")
    truth = frame[200:208]["y"].to_numpy()
    for one in (forecaster, Forecaster.load(tmp_path / "model")):
        told = one.predict(future=future)["forecast"].to_numpy()
        assert np.abs(told - truth).mean() < 2.5
    others = future.with_columns(promotion=1 - pl.col("promotion"))
    moved = forecaster.predict(future=others)["forecast"].to_numpy() - told
    assert moved == pytest.approx(15 * (1 - 2 * future["promotion"].to_numpy()), abs=2)
    plain = Forecaster(**{**settings, "base": "none"}).fit(history)
    assert plain.fitted_.schema.base is None

import json

import numpy as np
import polars as pl
import pytest
from tests.data.example import COVARIATE_COLUMNS, hourly, with_covariates

from recurra.data.columns import Columns
from recurra.data.panel import Panel
from recurra.data.scaling import Scaling, learn_scaling


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Three series with covariates of all kinds."""
    return Panel.build(with_covariates(), COVARIATE_COLUMNS)


def training_rows(panel: Panel, ends: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [np.arange(begin, begin + end) for begin, end in zip(panel.offsets, ends, strict=False)]
    )


def test_statistics_are_those_of_the_training_rows(panel: Panel) -> None:
    ends = np.array([20, 0, 11])
    scaling = learn_scaling(panel, ends)
    rows = training_rows(panel, ends)
    np.testing.assert_allclose(scaling.past.mean, panel.past[rows].mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(
        scaling.past.deviation, panel.past[rows].std(axis=0, dtype=np.float64), rtol=1e-6
    )
    np.testing.assert_allclose(
        scaling.future.mean, panel.future[rows].mean(axis=0, dtype=np.float64), rtol=1e-6
    )
    np.testing.assert_allclose(scaling.static.mean, panel.static[[0, 2]].mean(axis=0), rtol=1e-6)
    assert scaling.series == {}


def test_later_values_change_nothing(panel: Panel) -> None:
    ends = panel.lengths - 5
    held_out = np.ones(len(panel.past), dtype=bool)
    held_out[training_rows(panel, ends)] = False
    frame = with_covariates().sort("unique_id", "ds")
    changed = frame.with_columns(pl.when(pl.Series(held_out)).then(1e6).otherwise("price").alias("price"))
    other = Panel.build(changed, COVARIATE_COLUMNS)
    for per_series in (False, True):
        assert learn_scaling(other, ends, per_series=per_series) == learn_scaling(
            panel, ends, per_series=per_series
        )


def test_every_series_may_have_its_own(panel: Panel) -> None:
    ends = np.array([20, 0, 11])
    scaling = learn_scaling(panel, ends, per_series=True)
    assert set(scaling.series) == {"a", "ü 7"}
    own = panel.future[panel.offsets[2] : panel.offsets[2] + 11, 0].astype(np.float64)
    np.testing.assert_allclose(scaling.series["ü 7"][1].mean[0], own.mean())
    np.testing.assert_allclose(scaling.series["ü 7"][1].deviation[0], own.std())
    tables = scaling.tables(panel)
    np.testing.assert_allclose(tables.future_mean[2], own.mean(), rtol=1e-6)
    np.testing.assert_allclose(tables.future_mean[1], scaling.future.mean, rtol=1e-6)


def test_a_deviation_survives_a_level_that_is_far_larger() -> None:
    """Nor does a series of large values blur one of minute ones."""
    random = np.random.default_rng(3).normal(size=31)
    levels = {"b": 3e5 + np.resize(random, 40), "a": 1e-7 * random[:23], "ü 7": 5e8 + 1e4 * random}
    frame = hourly().with_columns(price=pl.Series(np.concatenate([levels[name] for name in sorted(levels)])))
    panel = Panel.build(frame, Columns("unique_id", "ds", "y", past=("price",)))
    scaling = learn_scaling(panel, panel.lengths, per_series=True)
    for name, (past, _) in scaling.series.items():
        np.testing.assert_allclose(past.deviation[0], levels[name].std(), rtol=0.01)
    everything = panel.past[:, 0].astype(np.float64)
    np.testing.assert_allclose(scaling.past.mean[0], everything.mean())
    np.testing.assert_allclose(scaling.past.deviation[0], everything.std())


@pytest.mark.parametrize("per_series", [False, True])
def test_a_description_gives_the_same_scaling(panel: Panel, per_series: bool) -> None:
    scaling = learn_scaling(panel, panel.lengths, per_series=per_series)
    assert Scaling.from_dict(json.loads(json.dumps(scaling.to_dict()))) == scaling


@pytest.mark.parametrize("value", [0.0, 3e7, None])
def test_constant_and_empty_columns_have_deviation_one(value: float | None) -> None:
    frame = hourly().with_columns(price=pl.lit(value, dtype=pl.Float64))
    panel = Panel.build(frame, Columns("unique_id", "ds", "y", past=("price",)))
    scaling = learn_scaling(panel, panel.lengths)
    assert scaling.past.deviation == (1.0,)
    assert scaling.past.mean == (value or 0.0,)


def test_no_covariates() -> None:
    panel = Panel.build(hourly())
    scaling = learn_scaling(panel, panel.lengths, per_series=True)
    assert scaling.past.mean == scaling.static.mean == ()
    assert scaling.tables(panel).past_mean.shape == (3, 0)

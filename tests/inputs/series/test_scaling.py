import json

import numpy as np
import polars as pl
import pytest
from tests.inputs.series.example import COVARIATE_COLUMNS, hourly, with_covariates

from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling, learn_scaling


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


def test_later_values_change_nothing(panel: Panel) -> None:
    ends = panel.lengths - 5
    held_out = np.ones(len(panel.past), dtype=bool)
    held_out[training_rows(panel, ends)] = False
    frame = with_covariates().sort("unique_id", "ds")
    changed = frame.with_columns(pl.when(pl.Series(held_out)).then(1e6).otherwise("price").alias("price"))
    other = Panel.build(changed, COVARIATE_COLUMNS)
    assert learn_scaling(other, ends) == learn_scaling(panel, ends)
    assert learn_scaling(other, panel.lengths) != learn_scaling(panel, panel.lengths)


def test_values_are_scaled_to_deviations_from_the_mean(panel: Panel) -> None:
    statistics = learn_scaling(panel, panel.lengths).past
    values = panel.past[: panel.lengths[0]].reshape(1, -1, panel.past.shape[1])
    expected = (values.astype(np.float64) - statistics.mean) / statistics.deviation
    np.testing.assert_allclose(statistics.applied(values), expected, rtol=1e-5, atol=1e-5)


def test_a_deviation_survives_a_level_that_is_far_larger() -> None:
    """Nor do series at levels of their own blur each other."""
    random = np.random.default_rng(3).normal(size=31)
    levels = {"b": 3e5 + np.resize(random, 40), "a": 1e-7 * random[:23], "ü 7": 5e8 + 1e4 * random}
    frame = hourly().with_columns(price=pl.Series(np.concatenate([levels[name] for name in sorted(levels)])))
    panel = Panel.build(frame, Columns("unique_id", "ds", "y", past=("price",)))
    for number, name in enumerate(panel.ids):
        ends = np.where(np.arange(len(panel)) == number, panel.lengths, 0)
        alone = learn_scaling(panel, ends).past
        np.testing.assert_allclose(alone.deviation[0], levels[name].std(), rtol=0.01)
    scaling = learn_scaling(panel, panel.lengths)
    everything = panel.past[:, 0].astype(np.float64)
    np.testing.assert_allclose(scaling.past.mean[0], everything.mean())
    np.testing.assert_allclose(scaling.past.deviation[0], everything.std())


def test_a_description_gives_the_same_scaling(panel: Panel) -> None:
    scaling = learn_scaling(panel, panel.lengths)
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
    scaling = learn_scaling(panel, panel.lengths)
    assert scaling.past.mean == scaling.static.mean == ()

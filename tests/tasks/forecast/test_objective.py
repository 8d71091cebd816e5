from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from tests.tasks.forecast.example import CONTEXT, HORIZON, integer_series, network, rows, windows, with_target

from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import learn_scaling
from recurra.inputs.series.split import Split, split_by_size
from recurra.metrics.forecast import smape_terms
from recurra.tasks.forecast.config import forecast_config
from recurra.tasks.forecast.network import InputSizes
from recurra.tasks.forecast.objective import VALIDATION_WINDOWS, Validation, forecast_loss, make_validation
from recurra.tasks.forecast.resolution import resolve

WEIGHTINGS = ["unit", "owa"]


def positive(batch_size: int = 4):
    batch = windows(batch_size)
    return with_target(batch, batch.target + 1)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_the_loss_is_summed_over_observed_steps_and_windows(weighting: str):
    model, batch = network(), positive()
    observed = torch.rand(batch.observed.shape) < 0.7
    batch = replace(batch, observed=observed)
    together = forecast_loss(model, batch, weighting=weighting)
    parts = [forecast_loss(model, rows(batch, slice(one, one + 1)), weighting=weighting) for one in range(4)]
    assert together.count == observed[:, CONTEXT:].sum() == sum(part.count for part in parts)
    torch.testing.assert_close(together.total, sum(part.total for part in parts))


def test_unobserved_steps_of_the_horizon_count_for_nothing():
    model, batch = network(), positive()
    observed = batch.observed.clone()
    observed[:, CONTEXT + 1] = False
    target = batch.target.clone()
    target[:, CONTEXT + 1] = 1e6
    one, other = (
        forecast_loss(model, with_target(batch, values, observed)) for values in (batch.target, target)
    )
    assert torch.equal(one.total, other.total)
    assert one.count == 4 * (HORIZON - 1)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("factor", [2.0**-30, 2.0**30])
def test_the_loss_has_no_unit(weighting: str, factor: float):
    batch = positive()
    other = forecast_loss(
        network(smallest=1e-6 * factor), with_target(batch, factor * batch.target), weighting=weighting
    )
    torch.testing.assert_close(other.total, forecast_loss(network(), batch, weighting=weighting).total)


def test_no_window_outweighs_all_others():
    """Of histories of one value, of none that changes, and of ordinary ones."""
    batch = windows(6)
    target, observed = 40 + batch.target, batch.observed.clone()
    observed[0, : CONTEXT - 1] = False
    observed[1, : CONTEXT - 2] = False
    target[2, :CONTEXT] = 40
    target[3, :CONTEXT] = 0
    model = network(smallest=0.05)
    batch = with_target(batch, target, observed)
    with torch.no_grad():
        losses = [float(forecast_loss(model, rows(batch, slice(row, row + 1))).total) for row in range(6)]
    ordinary = max(losses[4:])
    assert max(losses[:2]) < ordinary
    assert max(losses) < 2000 * ordinary


SHORT = {"horizon": HORIZON, "context": CONTEXT, "patch": 3, "test_size": 0, "validation_size": 12}


def held_out(values: list[float | None], **settings: int) -> tuple[Validation | None, Split]:
    panel = Panel.build(integer_series(values), season_length=3)
    resolved = resolve(forecast_config({**SHORT, **settings}), panel)
    split = split_by_size(panel, HORIZON, validation=resolved.validation_size, test=resolved.test_size)
    return make_validation(panel, split, resolved, learn_scaling(panel, split.train_end)), split


def test_validation_scores_are_those_of_the_held_out_windows():
    random = np.random.default_rng(0)
    values: list[float | None] = (10 + random.normal(size=60)).tolist()
    values[52] = values[53] = None
    validate, _ = held_out(values)
    assert validate is not None
    assert validate.origins.position.tolist() == list(range(48, 56))
    model = network(sizes=InputSizes())
    with torch.no_grad():
        scores = validate(model)
    errors, terms, losses = [], [], []
    for origin in range(48, 56):
        own = np.array(values[origin - CONTEXT : origin + HORIZON], dtype=np.float32)
        batch = rows(windows(1, sizes=InputSizes()), slice(None))
        there = torch.from_numpy(~np.isnan(own))[None]
        batch = with_target(batch, torch.from_numpy(np.nan_to_num(own))[None], there)
        with torch.no_grad():
            loss = forecast_loss(model, batch)
            point = model.head.point_forecast(model(batch).parameters)[0].numpy()
        truth, seen = own[CONTEXT:], ~np.isnan(own[CONTEXT:])
        errors.append((point - truth)[seen])
        terms.append(smape_terms(truth, point)[seen])
        losses.append((float(loss.total), float(loss.count)))
    error = np.concatenate(errors)
    assert set(scores) == {"valid_loss", "valid_mae", "valid_rmse", "valid_smape"}
    assert scores["valid_mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert scores["valid_rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert scores["valid_smape"] == pytest.approx(np.concatenate(terms).mean(), rel=1e-5)
    total, count = np.sum(losses, axis=0)
    assert scores["valid_loss"] == pytest.approx(total / count, rel=1e-5)


def test_windows_without_a_value_are_not_validated_on():
    values: list[float | None] = [float(step % 7) for step in range(60)]
    values[48:54] = [None] * 6
    validate, _ = held_out(values)
    assert validate is not None
    assert validate.origins.position.tolist() == list(range(50, 56))


def test_nothing_to_validate_on_is_no_validation():
    values: list[float | None] = [float(step % 7) for step in range(60)]
    assert held_out(values, validation_size=0)[0] is None
    values[36:48] = [None] * 12
    assert held_out(values, test_size=12)[0] is None


def test_validation_takes_a_bounded_number_of_windows():
    frame = pl.DataFrame({"ds": range(30_000), "y": [float(step % 7) for step in range(30_000)]})
    panel = Panel.build(frame, season_length=7)
    resolved = resolve(forecast_config({**SHORT, "validation_size": 15_000}), panel)
    split = split_by_size(panel, HORIZON, validation=15_000, test=0)
    validate = make_validation(panel, split, resolved, learn_scaling(panel, split.train_end))
    assert validate is not None
    assert 0.9 * VALIDATION_WINDOWS < len(validate.origins.series) <= VALIDATION_WINDOWS

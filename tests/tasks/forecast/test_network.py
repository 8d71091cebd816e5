from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.tasks.forecast.example import CONTEXT, HORIZON, network, rows, windows, with_target
from torch import Tensor

from recurra.cells.registry import CELLS
from recurra.inputs.series.window import WindowBatch
from recurra.tasks.forecast import network as network_module
from recurra.tasks.forecast.head import HEADS
from recurra.tasks.forecast.network import ForecastNetwork, InputSizes
from recurra.tasks.forecast.objective import forecast_loss

BODIES = ["recurrent", "feed_forward", "convolutional"]
KINDS = [("recurrent", cell) for cell in CELLS] + [("feed_forward", "lstm"), ("convolutional", "lstm")]


def forecast(model: ForecastNetwork, batch: WindowBatch) -> Tensor:
    """The parameters of the head, `(batch, horizon, size)`."""
    with torch.no_grad():
        parameters: Tensor = model(batch).parameters
    return parameters


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(("body", "cell"), KINDS)
def test_every_body_head_and_cell_gives_finite_forecasts_and_gradients(body: Any, cell: str, head: str):
    model, batch = network(head, network=body, cell=cell), windows(7)
    output = model(batch)
    assert output.parameters.shape == (7, HORIZON, model.head.size)
    assert output.parameters.isfinite().all()
    loss = forecast_loss(model, batch)
    assert loss.count == 7 * HORIZON
    loss.total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("settings", [
    {"patch": 1}, {"patch": 5}, {"patch": 12}, {"num_layers": 2}, {"centre": "last"}, {"linear": False},
    {"scaling": "global", "unit": 3.0}, {"scale_span": 1}, {"lags": (12,)}, {"season": 1}, {"season": 40},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("body", BODIES)
def test_every_option_gives_finite_forecasts(body: Any, settings: dict[str, Any]):
    parameters = forecast(network(network=body, **settings), windows())
    assert parameters.shape == (4, HORIZON, 9)
    assert parameters.isfinite().all()


def test_windows_may_carry_nothing_but_their_target():
    bare = InputSizes()
    assert forecast(network(sizes=bare), windows(sizes=bare)).isfinite().all()


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("body", BODIES)
def test_targets_of_the_horizon_are_never_seen(body: Any, garbage: float):
    model, batch = network(network=body), windows()
    target, observed = batch.target.clone(), batch.observed.clone()
    target[:, CONTEXT:] = garbage
    observed[::2, CONTEXT:] = False
    assert torch.equal(forecast(model, batch), forecast(model, with_target(batch, target, observed)))


@pytest.mark.parametrize("garbage", [float("nan"), float("-inf"), 1e30])
@pytest.mark.parametrize("body", BODIES)
def test_unobserved_history_is_never_seen(body: Any, garbage: float):
    model, batch = network(network=body), windows(4)
    observed = torch.rand(batch.observed.shape) < 0.6
    observed[0, :CONTEXT] = False
    target = torch.where(observed, batch.target, garbage)
    one, other = (forecast(model, with_target(batch, values, observed)) for values in (batch.target, target))
    assert torch.equal(one, other)
    assert one.isfinite().all()


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("factor", [2.0**-30, 0.3, 2.0**30])
def test_a_forecast_follows_the_unit_of_its_history(body: Any, factor: float):
    batch = windows()
    model, other = network(network=body), network(network=body, smallest=1e-6 * factor)
    scaled = forecast(other, with_target(batch, factor * batch.target))
    torch.testing.assert_close(scaled / factor, forecast(model, batch))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("centre", ["mean", "last"])
def test_a_forecast_follows_the_level_of_its_history(body: Any, centre: Any, monkeypatch: pytest.MonkeyPatch):
    """All but the character, which tells how wide a history is in terms of its level."""
    monkeypatch.setattr(network_module, "character", lambda scale: torch.zeros(len(scale.spread), 2))
    model, batch = network(network=body, centre=centre), windows()
    moved = forecast(model, with_target(batch, batch.target + 16))
    torch.testing.assert_close(moved - 16, forecast(model, batch), rtol=0, atol=0.01)


@pytest.mark.parametrize(("body", "cell"), KINDS)
def test_a_batch_is_its_windows_one_by_one_in_any_order(body: Any, cell: str):
    model, batch = network(network=body, cell=cell), windows(5)
    together = forecast(model, batch)
    alone = torch.cat([forecast(model, rows(batch, slice(row, row + 1))) for row in range(5)])
    torch.testing.assert_close(together, alone)
    order = torch.tensor([3, 0, 4, 2, 1])
    torch.testing.assert_close(forecast(model, rows(batch, order)), together[order])


COVARIATES = ["calendar", "past", "past_observed", "past_codes", "future", "future_observed", "future_codes",
              "static", "static_codes", "series"]  # fmt: skip


def changed(values: Tensor) -> Tensor:
    if values.dtype == torch.bool:
        return ~values
    return (values + 1) % 3 if values.dtype == torch.int64 else values + 1


@pytest.mark.parametrize("name", COVARIATES)
@pytest.mark.parametrize("body", BODIES)
def test_every_covariate_reaches_the_forecast(body: Any, name: str):
    model, batch = network(network=body), windows()
    with torch.no_grad():  # categories begin alike when unknown
        for embeddings in (model.past_codes, model.future_codes, model.static_codes, model.series):
            for table in embeddings.tables:
                table.weight.normal_()
    other = replace(batch, **{name: changed(getattr(batch, name))})
    assert not torch.allclose(forecast(model, batch), forecast(model, other), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["calendar", "future", "future_observed", "future_codes"])
@pytest.mark.parametrize("step", [0, CONTEXT - 1, CONTEXT, CONTEXT + HORIZON - 1])
def test_what_is_known_ahead_counts_at_every_step(name: str, step: int):
    model, batch = network(), windows()
    torch.nn.init.normal_(model.future_codes.tables[0].weight)
    values = getattr(batch, name).clone()
    values[:, step] = changed(values[:, step])
    assert not torch.equal(forecast(model, batch), forecast(model, replace(batch, **{name: values})))


def test_every_value_of_the_history_counts():
    model, batch = network(scale_span=3), windows()
    before = forecast(model, batch)
    for step in range(CONTEXT):
        target = batch.target.clone()
        target[:, step] += 1
        assert not torch.equal(before, forecast(model, with_target(batch, target))), step


def test_a_fresh_network_forecasts_near_the_centre_of_each_window():
    batch = windows()
    model = network(linear=False)
    output = model(batch)
    history = batch.target[:, :CONTEXT][:, -9:]
    middle = model.head.point_forecast(output.parameters) - history.mean(dim=1, keepdim=True)
    assert (middle.abs() < output.unit).all()


@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout", "zoneout"])
def test_regularisation_draws_in_training_only(option: str):
    model, batch = network(**{option: 0.4}), windows()
    assert torch.equal(forecast(model, batch), forecast(model, batch))
    model.train()
    assert not torch.equal(forecast(model, batch), forecast(model, batch))

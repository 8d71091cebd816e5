"""The streaming network on windows: nothing but the observed steps counts, and the head's promises hold."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.tasks.forecast.example import CONTEXT, HORIZON, rows, windows, with_target

from recurra.inputs.series.window import WindowBatch
from recurra.recurrence import Recurrence
from recurra.tasks.forecast.head import make_head
from recurra.tasks.forecast.network import InputSizes
from recurra.tasks.forecast.streaming_network import StreamingNetwork
from recurra.tasks.forecast.unit import Units

UNITS = Units(spread=3.0, smallest=0.01, level=4.0, change=2.0, reach=2.5)
COVARIATES = 2
BEGINNINGS = (0, 5, CONTEXT - 1, CONTEXT)


def network(centre: Any = "last", head: str = "quantile", **settings: Any) -> StreamingNetwork:
    torch.manual_seed(3)
    return StreamingNetwork(
        make_head(head),
        UNITS,
        past=COVARIATES,
        context=CONTEXT,
        horizon=HORIZON,
        season=3,
        scale_span=9,
        centre=centre,
        recurrence=Recurrence(**{"hidden_size": 7, "dropout": 0.0, **settings}),
    ).eval()


def batch(seed: int = 0) -> WindowBatch:
    return windows(len(BEGINNINGS), sizes=InputSizes(past=COVARIATES), seed=seed)


def begun_late(window: WindowBatch) -> WindowBatch:
    """Every row begins at another step; before it nothing is observed."""
    step = torch.arange(CONTEXT + HORIZON)
    observed = step >= torch.tensor(BEGINNINGS).unsqueeze(1)
    return with_target(window, window.target * observed, observed)


def forecast(model: StreamingNetwork, window: WindowBatch) -> torch.Tensor:
    with torch.no_grad():
        return model.head.point_forecast(model(window).parameters)


@pytest.mark.parametrize("centre", ["last", "mean"])
def test_what_comes_before_the_first_value_does_not_count(centre: str) -> None:
    model, window = network(centre), begun_late(batch())
    before = window.target.clone()
    before[:, :CONTEXT][~window.observed[:, :CONTEXT]] = 999.0
    covariates = window.past.clone()
    covariates[~window.observed[:, :CONTEXT]] = 999.0
    other = replace(window, target=before, past=covariates)
    assert torch.equal(forecast(model, window), forecast(model, other))
    assert not torch.equal(forecast(model, window)[0], forecast(model, batch(seed=1))[0])


def test_every_row_is_forecast_as_if_it_were_alone() -> None:
    model, window = network(num_layers=2, cell="gru"), begun_late(batch())
    together = forecast(model, window)
    for row in range(len(window)):
        torch.testing.assert_close(together[row], forecast(model, rows(window, [row]))[0])


def test_the_future_does_not_count() -> None:
    model, window = network(), batch()
    later = window.target.clone()
    later[:, CONTEXT:] = 999.0
    assert torch.equal(forecast(model, window), forecast(model, with_target(window, later)))


def test_a_missing_value_counts_as_the_one_before_it() -> None:
    model, window = network(), batch()
    observed = window.observed.clone()
    observed[:, [3, 4, CONTEXT - 1]] = False
    target = window.target.clone()
    for step in (3, 4, CONTEXT - 1):
        target[:, step] = target[:, step - 1]
    filled = forecast(model, with_target(window, target))
    assert torch.equal(forecast(model, with_target(window, window.target, observed)), filled)


@pytest.mark.parametrize(("centre", "moved"), [("last", True), ("mean", False)])
def test_only_changes_count_where_the_last_value_is_the_centre(centre: str, *, moved: bool) -> None:
    model, window = network(centre), batch()
    higher = forecast(model, with_target(window, window.target + 64)) - 64
    assert torch.allclose(higher, forecast(model, window), atol=1e-4) == moved


@pytest.mark.parametrize("head", ["quantile", "student_t"])
def test_gradient_reaches_every_parameter(head: str) -> None:
    model = network(head=head, num_layers=2).train()
    output = model(begun_late(batch()))
    target = torch.ones(len(BEGINNINGS), HORIZON)
    model.head.loss(output.parameters, target, (1 / output.unit).expand_as(target)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name

"""The gradient of the mean loss: normalised once, measured before clipping, checked."""

import math

import pytest
import torch
from torch import Tensor, nn

from recurra.errors import ConfigError, NonFiniteError
from recurra.training.contract import Loss
from recurra.training.gradient import (
    Gathered,
    Measurement,
    gradients_of,
    measure,
    normalise_and_clip,
    unusable,
)

CPU = torch.device("cpu")


def measured(gradients: list[Tensor], count: float) -> Measurement:
    gathered = Gathered(CPU)
    gathered.add(Loss(torch.tensor(6.0), count))
    return measure(gathered.totals(stop=False), gradients, largest=True)


def test_totals_add_up_over_chunks_with_counts_of_either_kind() -> None:
    gathered = Gathered(CPU)
    gathered.add(Loss(torch.tensor(2.0, requires_grad=True), torch.tensor(3)))
    gathered.add(Loss(torch.tensor(5.0, dtype=torch.bfloat16), 4.0))
    totals = gathered.totals(stop=True)
    assert totals.tolist() == [7, 7, 1]
    assert not totals.requires_grad


@pytest.mark.parametrize("clip_norm", [None, 0.5, 100.0])
@pytest.mark.parametrize("clip_value", [None, 0.3, 100.0])
def test_clipping_follows_the_mean_and_is_measured_before(
    clip_norm: float | None, clip_value: float | None
) -> None:
    summed = [torch.tensor([6.0, -8.0]), torch.tensor([[0.0, 24.0]])]
    mean = [gradient / 4 for gradient in summed]
    length = math.sqrt(1.5**2 + 2**2 + 6**2)
    measurement = measured(summed, 4.0)
    assert measurement.norm == pytest.approx(length)
    assert measurement.largest == pytest.approx(6)

    clipped = normalise_and_clip(summed, measurement, clip_norm, clip_value)

    factor = 1.0 if clip_norm is None else min(1.0, clip_norm / length)
    bound = math.inf if clip_value is None else clip_value
    for gradient, expected in zip(summed, mean, strict=True):
        torch.testing.assert_close(gradient, (expected * factor).clamp(-bound, bound))
    assert clipped == (clip_norm == 0.5 or clip_value == 0.3)


def test_no_valid_step_divides_by_nothing() -> None:
    measurement = measured([torch.zeros(3)], 0.0)
    assert (measurement.count, measurement.norm, measurement.largest) == (0, 0, 0)
    assert measure(Gathered(CPU).totals(stop=False), [], largest=True).finite


def test_parameters_without_gradient_are_passed_over() -> None:
    model = nn.ModuleList([nn.Linear(3, 5), nn.Linear(5, 7)])
    model[0](torch.ones(2, 3)).sum().backward()
    assert [gradient.shape for gradient in gradients_of(model.parameters())] == [(5, 3), (5,)]


def model_with_gradients(*, bias: float) -> nn.Module:
    model = nn.Linear(3, 5)
    model.weight.grad = torch.ones(5, 3)
    model.bias.grad = torch.full((5,), bias)
    return model


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e38])
def test_the_worst_gradient_is_named(value: float) -> None:
    """1e38 is finite, but the norm of several is not."""
    model = model_with_gradients(bias=value)
    error = unusable(measured(gradients_of(model.parameters()), 2.0), model, "epoch 2, step 9", "Try.")
    assert isinstance(error, NonFiniteError)
    assert (
        str(error) == "the gradient of bias is not finite at epoch 2, step 9; expected finite numbers. Try."
    )


def test_a_loss_that_is_no_number_comes_before_its_gradient() -> None:
    model = model_with_gradients(bias=math.nan)
    error = unusable(
        Measurement(math.nan, 2.0, stop=False, norm=math.nan, largest=0.0), model, "epoch 0, step 1", "Try."
    )
    assert isinstance(error, NonFiniteError)
    assert "the loss is nan at epoch 0, step 1" in error.got


def test_no_gradient_at_all_is_the_callers_mistake() -> None:
    error = unusable(measured([], 2.0), nn.Linear(3, 5), "epoch 0, step 0", "Try.")
    assert isinstance(error, ConfigError)
    assert "no parameter received a gradient" in error.got

"""Averages of the weights along the run."""

import pytest
import torch
from torch import Tensor, nn

from recurra.training.averaging import Averaging
from recurra.training.config import TrainingConfig


def moved(model: nn.Module) -> Tensor:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    return model.weight.detach().clone()


def test_an_exponential_average_follows_every_step() -> None:
    model = nn.Linear(3, 5)
    averaging = Averaging(model, TrainingConfig(averaging="ema", averaging_decay=0.15))
    expected = moved(model)
    averaging.after_step()
    for _ in range(4):
        weight = moved(model)
        averaging.after_step()
        expected = 0.15 * expected + 0.85 * weight
    averaging.after_epoch(1.0)
    torch.testing.assert_close(averaging.averages["weight"], expected)


def test_the_decay_warms_up_so_that_the_first_weights_fade() -> None:
    model = nn.Linear(3, 5)
    averaging = Averaging(model, TrainingConfig(averaging="ema", averaging_decay=0.999))
    with torch.no_grad():
        model.weight.fill_(100.0)
        averaging.after_step()
        model.weight.zero_()
    for _ in range(100):
        averaging.after_step()
    assert float(averaging.averages["weight"].max()) < 1e-3


def test_the_mean_is_over_the_last_quarters_epochs() -> None:
    model = nn.Linear(3, 5)
    averaging = Averaging(model, TrainingConfig(averaging="swa"))
    ends = []
    for epoch in range(8):
        ends.append(moved(model))
        averaging.after_step()
        averaging.after_epoch((epoch + 1) / 8)
    torch.testing.assert_close(averaging.averages["weight"], torch.stack(ends[6:]).mean(0))


def test_averages_are_lent_and_taken_back() -> None:
    model = nn.Linear(3, 5)
    averaging = Averaging(model, TrainingConfig(averaging="ema"))
    first = moved(model)
    averaging.after_step()
    last = moved(model)

    def fail_inside() -> None:
        with averaging.applied():
            assert torch.equal(model.weight, first)
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert torch.equal(model.weight, last)
    averaging.apply()
    assert torch.equal(model.weight, first)


def test_nothing_is_averaged_unless_asked() -> None:
    model = nn.Linear(3, 5)
    averaging = Averaging(model, TrainingConfig())
    weight = moved(model)
    averaging.after_step()
    averaging.after_epoch(1.0)
    with averaging.applied():
        assert torch.equal(model.weight, weight)
    assert not averaging.averages


def test_triggered_averaging_is_the_mean_since_validation_stopped_improving() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    averaging = Averaging(model, TrainingConfig(averaging="triggered", averaging_wait=2))
    values = iter([9.0, 8.0, 1.0, 2.0, 6.0])

    def step() -> None:
        torch.nn.init.constant_(model.weight, next(values))
        averaging.after_step()

    step()
    averaging.after_validation(waited=1)
    assert not averaging.averages
    step()
    averaging.after_validation(waited=2)
    for _ in range(3):
        step()
    averaging.after_validation(waited=3)
    assert averaging.count == 4
    with averaging.applied():
        assert float(model.weight.detach()) == pytest.approx((8 + 1 + 2 + 6) / 4)
    assert float(model.weight.detach()) == 6

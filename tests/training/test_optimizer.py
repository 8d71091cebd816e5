"""torch's optimisers by name."""

import pytest
import torch
from torch import nn, optim

from recurra.training.config import TrainingConfig
from recurra.training.optimizer import make_optimizer, set_learning_rate

KINDS = {
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "sgd": optim.SGD,
    "rmsprop": optim.RMSprop,
    "nadam": optim.NAdam,
}


@pytest.mark.parametrize("name", KINDS)
def test_every_name_is_torchs_optimiser_and_goes_downhill(name: str) -> None:
    model = nn.Linear(3, 1)
    optimizer = make_optimizer(model, TrainingConfig(optimizer=name, learning_rate=0.01))
    assert type(optimizer) is KINDS[name]
    inputs = torch.randn(7, 3)
    losses = []
    for _ in range(20):
        loss = model(inputs).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_only_matrices_decay_and_frozen_weights_are_left_out() -> None:
    model = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 7))
    model[0].requires_grad_(requires_grad=False)
    decayed, others = make_optimizer(model, TrainingConfig(weight_decay=0.1)).param_groups
    assert [value.shape for value in decayed["params"]] == [(7, 5)]
    assert [value.shape for value in others["params"]] == [(7,)]
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.1, 0.0)


@pytest.mark.parametrize(
    ("name", "given", "momentum"), [("sgd", None, 0.9), ("sgd", 0.5, 0.5), ("rmsprop", None, 0.0)]
)
def test_momentum_has_a_usual_value(name: str, given: float | None, momentum: float) -> None:
    optimizer = make_optimizer(nn.Linear(3, 5), TrainingConfig(optimizer=name, momentum=given))
    assert {group["momentum"] for group in optimizer.param_groups} == {momentum}


def test_the_learning_rate_is_set_everywhere() -> None:
    optimizer = make_optimizer(nn.Linear(3, 5), TrainingConfig())
    set_learning_rate(optimizer, 0.125)
    assert {group["lr"] for group in optimizer.param_groups} == {0.125}

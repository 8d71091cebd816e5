"""All measurements at once: complete, plain, and without a trace in the model."""

import json
import math

import pytest
import torch
from tests.diagnosis.toy_net import Net, make_batch, objective
from torch import nn

import recurra
from recurra.cells import GRU, LSTM
from recurra.diagnosis import Limits, measure, observe, recurrent_modules, trace
from recurra.errors import ConfigError, DataError, NonFiniteError
from recurra.layers import Bidirectional, Recurrent, Stack
from recurra.training.contract import Loss

SMALL = Limits(sources=4, lags=8, points=2, directions=2, positions=2)


def net(dropout=0.5):
    layers = [Bidirectional(LSTM(3, 4), LSTM(3, 4)), Recurrent(GRU(8, 5))]
    return Net(Stack(layers, dropout=dropout)).double()


def test_every_direction_of_every_layer():
    found = measure(net(), make_batch([7, 5, 2]), objective, limits=SMALL)
    names = [(one.name, one.cell, one.reverse) for one in found.directions]
    assert names == [
        ("layer.layers.0", "LSTM", False),
        ("layer.layers.0", "LSTM", True),
        ("layer.layers.1", "GRU", False),
    ]
    assert [one.memory_horizon.top for one in found.stacks] == ["layer.layers.1"]
    assert (found.rows, found.directions[0].steps, found.directions[2].units) == (3, 7, 5)


def test_it_is_plain_json_without_nan():
    found = measure(net(), make_batch([7, 5, 2]), objective, limits=SMALL).to_dict()
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again["directions"][0]["jacobian"]["matrices"]["forget_gate"]["radius"] > 0
    assert again["directions"][0]["gradient_flow"]["norms"][0][-1] is None


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training):
    model, batch = net().train(training), make_batch([7, 5, 2])
    model.output.eval()
    objective(model, batch, None).total.backward()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    modes, state = [module.training for module in model.modules()], torch.get_rng_state()
    first = measure(model, batch, objective, limits=SMALL)
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    kept = zip(model.parameters(), gradients, strict=True)
    assert all(torch.equal(parameter.grad, gradient) for parameter, gradient in kept)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert measure(model, batch, objective, limits=SMALL).to_dict() == first.to_dict()


def test_no_gradients_are_needed_nor_kept():
    model, batch = net().requires_grad_(False), make_batch([7, 5, 2])
    with torch.inference_mode():
        frozen = measure(model, batch, objective, limits=SMALL)
    free = measure(model.requires_grad_(), batch, objective, limits=SMALL)
    assert frozen.directions[0].gradient_flow.factor == pytest.approx(free.directions[0].gradient_flow.factor)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_few_rows_stand_for_many():
    found = measure(net(), make_batch([5] * 20), objective, limits=Limits(rows=4))
    assert found.rows == 4


def test_one_step_of_data():
    found = measure(net(), make_batch([1, 1]), objective)
    assert math.isnan(found.directions[0].gradient_flow.factor)
    json.dumps(found.to_dict(), allow_nan=False)


def test_layers_are_found_by_their_types():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.ours, self.like, self.torchs = net().layer, recurra.LSTM(3, 4), nn.GRU(3, 4)
            self.linear = nn.Linear(3, 3)

    assert list(recurrent_modules(Mixed())) == ["ours.layers.0", "ours.layers.1", "like", "torchs"]
    assert list(recurrent_modules(nn.LSTM(3, 4))) == ["LSTM"]


def test_traces_of_a_batch():
    seen = observe(net(), make_batch([7, 5, 2]), objective)
    assert [trace(one).states["hidden"].shape for one in seen.passages] == [(3, 7, 4), (3, 7, 4), (3, 7, 5)]


def test_what_cannot_be_measured_is_told():
    batch = make_batch([5, 3])
    with pytest.raises(ConfigError, match="network=recurrent"):
        measure(nn.Linear(3, 2), batch, objective)
    with pytest.raises(DataError, match="empty batch"):
        measure(net(), batch.shard(5, 6), objective)
    broken = net()
    with torch.no_grad():
        broken.output.weight[0, 0] = math.nan
    with pytest.raises(NonFiniteError, match=r"output\.weight"):
        measure(broken, batch, objective)
    with pytest.raises(ConfigError, match="no recurrent layer was called"):
        measure(net(), batch, lambda model, batch, state: Loss(model.output.weight.sum(), 1.0))
    with pytest.raises(ConfigError, match="rows is 0"):
        Limits(rows=0)

"""Shares that add up, and parts whose loss is known."""

import numpy as np
import pytest
import torch
from tests.diagnosis.toy_net import Batch, Net, make_batch, objective
from torch import nn

import recurra
from recurra.cells import GRU, LSTM
from recurra.diagnosis import Site, integrated_gradients, loss_attribution, occlusion
from recurra.errors import ConfigError, ShapeError
from recurra.layers import Recurrent
from recurra.types import Sequences


def test_the_shares_of_a_linear_function_are_its_terms():
    weight, x = torch.randn(4, 3).double(), torch.randn(2, 4, 3).double()
    function = lambda values: (values * weight).sum(dim=(1, 2))  # noqa: E731
    found = integrated_gradients(function, x, nodes=1)
    np.testing.assert_allclose(found.values, x * weight)
    np.testing.assert_allclose(found.by_step.sum(axis=1), function(x))
    lost = occlusion(function, x)
    np.testing.assert_allclose(lost.steps, found.by_step)
    np.testing.assert_allclose(lost.features, found.by_feature)


def test_shares_add_up_to_the_difference():
    layer, x = Recurrent(LSTM(3, 5)).double().eval(), torch.randn(2, 6, 3).double()
    baseline = torch.randn(2, 6, 3).double()
    function = lambda values: layer(values)[0][:, -1].square().sum(dim=-1)  # noqa: E731
    found = integrated_gradients(function, x, baseline)
    difference = (function(x) - function(baseline)).sum().item()
    assert found.difference == pytest.approx(difference)
    assert abs(found.error) < 1e-5
    assert found.values.sum() == pytest.approx(difference, abs=1e-5)


class Words(nn.Module):
    """Symbols to one number."""

    def __init__(self):
        super().__init__()
        self.embedding, self.layer, self.output = nn.Embedding(7, 3), Recurrent(GRU(3, 5)), nn.Linear(5, 1)

    def forward(self, ids):
        return self.output(self.layer(self.embedding(ids))[0][:, -1])[:, 0]


def test_symbols_by_their_embeddings():
    model, ids = Words().double().eval(), torch.tensor([[1, 2, 3], [4, 5, 6]])
    site = Site(model.layer)
    value = site.value(lambda: model(ids))
    torch.testing.assert_close(value, model.embedding(ids).detach())
    function = site.function(lambda: model(ids))
    torch.testing.assert_close(function(value), model(ids))
    found = integrated_gradients(function, value)
    assert abs(found.error) < 1e-5
    assert found.by_step.shape == (2, 3)
    without_last = torch.cat([value[:, :2], torch.zeros_like(value[:, :1])], dim=1)
    expected = model(ids) - function(without_last)
    np.testing.assert_allclose(occlusion(function, value).steps[:, 2], expected.detach())
    assert not model.layer._forward_pre_hooks


def test_only_the_call_that_is_meant_is_changed():
    model, ids = Words().double(), torch.tensor([[1, 2, 3]])
    both = lambda: torch.stack([model(ids), model(ids)])  # noqa: E731
    with Site(model.layer, number=1).replaced(torch.zeros_like):
        first, second = both()
    torch.testing.assert_close(first, model(ids))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("layer", [Recurrent(LSTM(3, 5)), recurra.LSTM(3, 5)])
def test_the_loss_of_a_batch(layer):
    class Steps(Net):
        def forward(self, sequences):
            if isinstance(layer, Recurrent):
                return super().forward(sequences)
            outputs, _ = self.layer(sequences.values.transpose(0, 1), lengths=sequences.lengths)
            return self.output(outputs.transpose(0, 1))

    model, batch = Steps(layer).double(), make_batch([6, 4])
    found = loss_attribution(model, batch, objective, nodes=32)["layer"]
    empty = Batch(Sequences(torch.zeros_like(batch.sequences.values), batch.sequences.lengths), batch.target)
    losses = [objective(model, one, None).total.item() / 10 for one in (batch, empty)]
    assert found.difference == pytest.approx(losses[0] - losses[1])
    assert abs(found.error) < 1e-5
    assert found.by_step.shape == (2, 6)
    assert not found.by_step[1, 4:].any()


def test_a_window_takes_several_steps():
    x = torch.ones(1, 4, 1)
    lost = occlusion(lambda values: values.sum(dim=(1, 2)), x, window=2)
    assert lost.steps.tolist() == [[2, 2, 2, 1]]


def test_what_cannot_be_is_told():
    x = torch.ones(2, 4, 1)
    with pytest.raises(ShapeError, match="Expand it"):
        integrated_gradients(torch.sum, x, torch.zeros(4, 1))
    with pytest.raises(ShapeError, match="Choose one output"):
        integrated_gradients(lambda values: values[:, :, 0], x)
    with pytest.raises(ShapeError, match="Do not sum"):
        occlusion(torch.sum, x)
    with pytest.raises(ConfigError, match="nodes"):
        integrated_gradients(torch.sum, x, nodes=0)
    with pytest.raises(ConfigError, match="window"):
        occlusion(lambda values: values.sum(dim=(1, 2)), x, window=0)

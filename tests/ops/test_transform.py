"""torch.func transforms work with every cell, lengths and resets included."""

import pytest
import torch
from tests.catalogue import every_cell
from tests.trial import BATCH, FEATURES, HIDDEN, TIME, assert_close, random_input, random_lengths, weighted
from torch.func import functional_call, grad, jacrev, jvp, vmap

from recurra.layers import Recurrent


@every_cell
def test_gradients_of_every_row_by_vmap(row):
    layer = Recurrent(row.make(FEATURES, HIDDEN).double().eval())
    weights = dict(layer.named_parameters())
    inputs, lengths, resets = random_input(), random_lengths(), torch.rand(BATCH, TIME) < 0.3

    def loss(weights, inputs, length, resets):
        options = {"lengths": length.unsqueeze(0), "resets": resets.unsqueeze(0)}
        outputs, _ = functional_call(layer, weights, (inputs.unsqueeze(0),), options)
        return (outputs**2).sum()

    per_row = vmap(grad(loss), (None, 0, 0, 0))(weights, inputs, lengths, resets)
    for number in range(BATCH):
        one = slice(number, number + 1)
        outputs, _ = layer(inputs[one], lengths=lengths[one], resets=resets[one])
        expected = torch.autograd.grad((outputs**2).sum(), list(weights.values()))
        for name, gradient in zip(weights, expected, strict=True):
            assert_close(per_row[name][number], gradient)


@every_cell
def test_jacobians(row):
    layer = Recurrent(row.make(FEATURES, HIDDEN).double().eval())
    inputs, lengths = random_input(batch=2, time=3), torch.tensor([3, 2])
    found = jacrev(lambda values: layer(values, lengths=lengths)[0])(inputs)
    leaf = inputs.clone().requires_grad_()
    outputs = layer(leaf, lengths=lengths)[0]
    for place in torch.cartesian_prod(*map(torch.arange, outputs.shape)):
        (due,) = torch.autograd.grad(outputs[tuple(place)], leaf, retain_graph=True)
        assert_close(found[tuple(place)], due, row.condition)


@every_cell
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # from within torch
def test_forward_mode(row):
    layer = Recurrent(row.make(FEATURES, HIDDEN).double().eval())
    inputs, direction = random_input(), random_input()
    _, tangent = jvp(lambda values: layer(values)[0], (inputs,), (direction,))
    leaf = inputs.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(weighted(layer(leaf)[0], 0), leaf)
    assert_close(weighted(tangent, 0), (gradient * direction).sum())

"""How far back inputs matter in nets that forget at a known step."""

import numpy as np
import pytest
import torch
from tests.diagnosis.toy_net import Linear, with_eigenvalues

import recurra
from recurra.cells import GRU
from recurra.diagnosis import look, memory_horizon, stacks_of, undisturbed
from recurra.layers import Bidirectional, Recurrent, Stack
from recurra.models.committee import CommitteeBody
from recurra.recurrence import Recurrence


def horizon_of(model, run):
    with undisturbed(model):
        (layers,) = stacks_of(look(model, run).chains)
        return memory_horizon(model, run, layers)


def shift_register(size):
    """A net that holds its last inputs, and forgets them all at once."""
    layer = Linear(torch.diag(torch.ones(size - 1, dtype=torch.float64), -1), input_size=1)
    with torch.no_grad():
        layer.entry.weight.zero_(), layer.entry.bias.zero_()
        layer.entry.weight[0] = 1
    return Recurrent(layer)


@pytest.mark.parametrize("size", [1, 4, 7])
def test_a_shift_register_remembers_as_many_steps_as_it_has_places(size):
    layer, x = shift_register(size), torch.randn(6, 30, 1, dtype=torch.float64)
    found = horizon_of(layer, lambda: torch.sum(layer(x)[0]))
    assert found.horizon == found.predicted_horizon == size - 1
    assert found.horizon_ahead == 0
    assert found.steps == 30
    assert not found.back[size:].any()


def test_perturbation_and_gradient_agree_where_the_net_is_linear():
    layer = Recurrent(Linear(with_eigenvalues([0.8, 0.6, 0.4])))
    x = torch.randn(64, 40, 2, dtype=torch.float64)
    found = horizon_of(layer, lambda: torch.sum(layer(x)[0]))
    np.testing.assert_allclose(found.predicted[:12], found.back[:12], rtol=0.3)
    assert (found.back[20] / found.back[10]) ** 0.1 == pytest.approx(0.8, abs=0.02)


def test_two_directions_see_ahead():
    layer = Bidirectional(GRU(3, 4), GRU(3, 4))
    x, lengths = torch.randn(4, 12, 3), torch.tensor([12, 9, 12, 5])
    found = horizon_of(layer, lambda: torch.sum(layer(x, lengths=lengths)[0]))
    assert found.horizon > 0
    assert found.horizon_ahead > 0
    assert len(found.ahead) == len(found.back) - 1


def test_layers_make_one_stack():
    one, two = Stack([Recurrent(GRU(3, 4)), Recurrent(GRU(4, 5))]), recurra.GRU(3, 4, 2)
    x = torch.randn(4, 12, 3)
    found = horizon_of(one, lambda: torch.sum(one(x)[0]))
    assert (found.bottom, found.top) == ("layers.0", "layers.1")
    steps_first = horizon_of(two, lambda: torch.sum(two(x.transpose(0, 1))[0]))
    rows_first = recurra.GRU(3, 4, 2, batch_first=True)
    rows_first.load_state_dict(two.state_dict())
    other = horizon_of(rows_first, lambda: torch.sum(rows_first(x)[0]))
    np.testing.assert_allclose(steps_first.back, other.back, rtol=1e-4)
    np.testing.assert_allclose(steps_first.predicted, other.predicted, rtol=1e-4)


def test_nets_that_read_the_same_are_stacks_of_their_own():
    net = CommitteeBody(3, Recurrence(cell="gru", hidden_size=4, num_layers=2), 2).eval()
    x, lengths = torch.randn(4, 12, 3), torch.full((4,), 12)

    def run():
        return net(x, lengths).sum()

    with undisturbed(net):
        stacks = stacks_of(look(net, run).chains)
        names = [(one.bottom.first.name, one.top.first.name) for one in stacks]
        assert names == [
            (f"bodies.{member}.stack.layers.0", f"bodies.{member}.stack.layers.1") for member in range(2)
        ]
        assert all(memory_horizon(net, run, one).horizon > 0 for one in stacks)


def test_inputs_that_never_change_tell_nothing():
    layer, x = Recurrent(GRU(3, 4)), torch.ones(3, 1, 3)
    found = horizon_of(layer, lambda: torch.sum(layer(x)[0]))
    assert found.horizon == -1


def test_a_layer_that_is_called_step_by_step_is_no_stack():
    layer, x = Recurrent(GRU(3, 4)), torch.randn(2, 5, 3)

    def run():
        state, total = None, 0
        for step in x.unbind(1):
            outputs, state = layer(step.unsqueeze(1), state)
            total = total + outputs.sum()
        return total

    with undisturbed(layer):
        assert stacks_of(look(layer, run).chains) == []

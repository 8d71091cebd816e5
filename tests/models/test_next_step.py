"""The net that tells the next move: steps one by one, padding, and a text that matters."""

import pytest
import torch
from torch.utils._pytree import tree_leaves

from recurra.models.next_step import NextStep
from recurra.recurrence import Recurrence


def moves(seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return torch.cat([torch.randn(3, 11, 2), torch.randint(3, (3, 11, 1)).float()], dim=-1)


@pytest.fixture(params=[0, 9])
def net(request: pytest.FixtureRequest) -> NextStep:
    torch.manual_seed(1)
    recurrence = Recurrence(cell="lstm", hidden_size=7, num_layers=2, bidirectional=False)
    return NextStep(recurrence, components=3, symbols=request.param, embedding_size=4, window=2).eval()


TEXT = torch.tensor([[3, 4, 5, 2], [6, 2, 0, 0], [7, 8, 2, 0]]), torch.tensor([4, 2, 3])


def test_steps_one_by_one_are_those_at_once(net: NextStep) -> None:
    given, text = moves(), net.read(*TEXT)
    whole = net(given, text)
    state = None
    for at, step in enumerate(given.split(1, dim=1)):
        told = net(step, text, state)
        state = told.state
        for one, other in zip(told.density, whole.density, strict=True):
            torch.testing.assert_close(one[:, 0], other[:, at], atol=1e-5, rtol=1e-4)


def test_padding_changes_nothing(net: NextStep) -> None:
    given, lengths = moves(), torch.tensor([11, 4, 6])
    other = given.clone()
    other[1, 4:, :2] = 1e6
    other[2, 6:, :2] = -1e6
    told, padded = (net(one, net.read(*TEXT), lengths=lengths) for one in (given, other))
    for one, two in zip(tree_leaves(told.state), tree_leaves(padded.state), strict=True):
        assert one is two is None or torch.equal(one, two)
    short = net(given[1:2, :4], net.read(*(one[1:2] for one in TEXT)))
    assert net.window is None or torch.allclose(told.state[1][1], short.state[1][0])
    first, second = told.density, padded.density
    for row, length in enumerate(lengths.tolist()):
        for one, two in zip(first, second, strict=True):
            assert torch.equal(one[row, :length], two[row, :length])


def test_a_text_matters_and_its_padding_does_not(net: NextStep) -> None:
    given, (ids, lengths) = moves(), TEXT
    told = net(given, net.read(ids, lengths)).density.mean
    padded = ids.clone()
    padded[1, 2:] = 8
    assert torch.equal(net(given, net.read(padded, lengths)).density.mean, told)
    changed = ids.clone()
    changed[0, 0] = 8
    is_same = torch.equal(net(given, net.read(changed, lengths)).density.mean, told)
    assert is_same == (net.embedding is None)

"""Writing from an alphabet or copying: probabilities, and the loss of both."""

import pytest
import torch
from torch import Tensor

from recurra.layers.pointer import copying_log_probabilities, copying_loss

VOCABULARY, FEATURES = 7, 5
READ = torch.tensor([[3, 7, 8, 7], [4, 4, 5, 0]])  # 7 and 8 are symbols of the first row alone
TARGETS = torch.tensor([[3, 7, 8], [4, 6, -100]])


def arguments(kind: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    """Features, weight, bias, gate, and weights of attention that do not look at the padding."""
    shapes = ((2, 3, FEATURES), (VOCABULARY, FEATURES), (VOCABULARY,), (2, 3))
    weights = torch.rand(2, 3, 4, dtype=kind) + 0.1
    weights[1, :, 3] = 0
    return *(torch.randn(shape, dtype=kind) for shape in shapes), weights / weights.sum(dim=2, keepdim=True)


def by_step() -> tuple[Tensor, tuple[Tensor, ...]]:
    features, weight, bias, gate, weights = given = arguments()
    found = [
        copying_log_probabilities(features[:, step] @ weight.T + bias, gate[:, step], weights[:, step], READ)
        for step in range(3)
    ]
    return torch.stack(found, dim=1), given


def test_probabilities_are_the_mixture_that_the_paper_prints() -> None:
    found, (features, weight, bias, gate, weights) = by_step()
    share = gate.sigmoid().unsqueeze(2)
    written = share * torch.nn.functional.linear(features, weight, bias).softmax(dim=2)
    expected = torch.cat([written, torch.zeros(2, 3, 2)], dim=2)
    for row in range(2):
        for place in range(4):
            expected[row, :, READ[row, place]] += ((1 - share) * weights[..., place : place + 1])[row, :, 0]
    torch.testing.assert_close(found.exp(), expected)
    torch.testing.assert_close(found.exp().sum(dim=2), torch.ones(2, 3))
    assert bool((found[1, :, VOCABULARY:] == -torch.inf).all())  # another row's symbols cannot be written


def test_the_loss_is_that_of_the_probabilities() -> None:
    found, given = by_step()
    told = found.gather(2, TARGETS.clamp(min=0).unsqueeze(2)).squeeze(2)
    torch.testing.assert_close(copying_loss(*given, READ, TARGETS), -told[TARGETS >= 0].sum())
    features, weight, bias, *_ = given
    spread = -torch.nn.functional.linear(features, weight, bias).log_softmax(dim=2).mean(dim=2)
    expected = 0.9 * -told[TARGETS >= 0].sum() + 0.1 * spread[TARGETS >= 0].sum()
    torch.testing.assert_close(copying_loss(*given, READ, TARGETS, 0.1), expected)


def test_gradients_are_right() -> None:
    given = [one.requires_grad_() for one in arguments(torch.float64)]
    assert torch.autograd.gradcheck(lambda *own: copying_loss(*own, READ, TARGETS, 0.1), given)


@pytest.mark.parametrize("gate", [-1e4, 1e4])
def test_a_gate_that_is_shut_leaves_finite_losses_and_gradients(gate: float) -> None:
    features, weight, bias, _, weights = arguments()
    own = torch.full((2, 3), gate, requires_grad=True)
    weights[0, :, 1:] = 0  # nor does it look at what is to be copied
    given = [one.requires_grad_() for one in (features, weight, bias)]
    loss = copying_loss(*given, own, weights, READ, TARGETS)
    loss.backward()
    assert bool(loss.isfinite())
    assert all(bool(one.grad.isfinite().all()) for one in (*given, own))  # type: ignore[union-attr]

"""Steps of a net that goes on learning from what it has read."""

import numpy as np
import pytest
import torch
from torch import nn

from recurra.training.dynamic import DynamicLearner


def stepped(net: nn.Module, learner: DynamicLearner, gradients: list[np.ndarray]) -> None:
    for parameter, own in zip(net.parameters(), gradients, strict=True):
        parameter.grad = torch.tensor(own, dtype=torch.float32)
    learner.step()


def flat(net: nn.Module) -> np.ndarray:
    return torch.cat([one.detach().flatten() for one in net.parameters()]).numpy().astype(float)


@pytest.mark.parametrize("decay", [0.0, 0.02, 0.9])
def test_steps_are_those_of_the_equation(decay: float) -> None:
    net, random = nn.Linear(3, 5), np.random.default_rng(0)
    expected = trained = flat(net)
    learner = DynamicLearner(net, 0.1, decay)
    squares = np.zeros(20)
    for count in range(1, 6):
        gradients = [random.normal(size=one.shape) * 10.0**-count for one in net.parameters()]
        gradients[0][0] = 0
        gradient = np.concatenate([one.ravel() for one in gradients])
        squares += gradient**2
        root = np.sqrt(squares / count)
        ratio = gradient / (root + 0.3 * root.mean())
        pull = np.minimum(decay * root / root.mean(), 1)
        expected = expected + pull * (trained - expected)
        expected -= 0.1 * ratio / max(1.0, np.sqrt((ratio**2).mean()))
        stepped(net, learner, gradients)
        np.testing.assert_allclose(flat(net), expected, rtol=1e-4, atol=1e-6)
        assert all(one.grad is None for one in net.parameters())


def test_no_gradient_moves_a_weight_by_more_than_the_rate_on_the_whole() -> None:
    net = nn.Linear(3, 5)
    learner = DynamicLearner(net, 0.1)
    for size in (1e-20, 1e-3, 1e3, 1e12):
        before = flat(net)
        stepped(net, learner, [np.full(one.shape, size) for one in net.parameters()])
        assert np.sqrt(((flat(net) - before) ** 2).mean()) < 0.101
    before = flat(net)
    learner.step()
    np.testing.assert_array_equal(flat(net), before)

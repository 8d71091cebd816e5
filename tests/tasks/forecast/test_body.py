from typing import Any

import pytest
import torch

from recurra.recurrence import Recurrence
from recurra.tasks.forecast.network import make_body

BODIES = ["recurrent", "feed_forward", "convolutional"]


def body_of(network: Any, **settings: Any) -> torch.nn.Module:
    options = {"cell": "gru", "hidden_size": 5, "num_layers": 2, "dropout": 0.0}
    return make_body(network, (7, 3), (4, 2), Recurrence(**{**options, **settings}))


@pytest.mark.parametrize("network", BODIES)
def test_every_body_maps_the_same_steps_to_the_same_hidden_vectors(network: str):
    body = body_of(network)
    history = torch.randn(6, 7, 3, requires_grad=True)
    horizon = torch.randn(6, 4, 2, requires_grad=True)
    hidden = body(history, horizon)
    assert hidden.shape == (6, 4, 5)
    for step in range(4):
        seen, ahead = torch.autograd.grad(hidden[:, step].sum(), (history, horizon), retain_graph=True)
        assert (ahead[:, step].abs().sum(dim=0) > 0).all()
        assert (seen.abs().sum(dim=(0, 2)) > 0).all()


@pytest.mark.parametrize("network", BODIES)
def test_dropout_draws_in_training_only(network: str):
    body = body_of(network, dropout=0.5)
    steps = torch.randn(6, 7, 3), torch.randn(6, 4, 2)
    assert not torch.equal(body(*steps), body(*steps))
    body.eval()
    assert torch.equal(body(*steps), body(*steps))


@pytest.mark.parametrize("network", ["recurrent", "feed_forward"])  # the third one's depth follows its span
def test_more_layers_are_more_parameters(network: str):
    sizes = [
        sum(one.numel() for one in body_of(network, num_layers=depth).parameters()) for depth in (1, 2, 3)
    ]
    assert sizes[0] < sizes[1] < sizes[2]

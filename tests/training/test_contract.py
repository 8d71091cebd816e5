"""What the ladder needs to be given."""

import dataclasses

import pytest
import torch
from tests.training.toy import ToySource, squared_error

from recurra.training.contract import Batch, BatchSource, Loss, Objective


def test_plain_classes_and_functions_fulfil_the_contracts() -> None:
    assert isinstance(ToySource(), BatchSource)
    assert isinstance(ToySource().batch(0, 0), Batch)
    assert isinstance(squared_error, Objective)
    assert not isinstance([1, 2], Batch)


def test_a_loss_does_not_change() -> None:
    loss = Loss(torch.tensor(1.0), 2.0)
    assert loss.state is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.count = 3.0  # type: ignore[misc]

"""The state between two chunks."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from recurra.errors import ConfigError
from recurra.training.carried_state import detached, filled, tensors_of


class LayerState(NamedTuple):
    hidden: Tensor
    cell: Tensor | None


def nested() -> object:
    def tensor(size: int) -> Tensor:
        return torch.randn(size, requires_grad=True) * 1

    return {
        "encoder": (LayerState(tensor(3), tensor(5)), LayerState(tensor(7), None)),
        "step": None,
        "rest": [tensor(2)],
    }


def test_a_detached_state_keeps_its_structure_and_values() -> None:
    state = nested()
    cut = detached(state)
    assert isinstance(cut["encoder"][0], LayerState)
    assert cut["step"] is None
    for before, after in zip(tensors_of(state), tensors_of(cut), strict=True):
        assert before.requires_grad
        assert not after.requires_grad
        assert torch.equal(before, after)


def test_a_state_is_rebuilt_from_its_tensors() -> None:
    state, template = detached(nested()), nested()
    rebuilt = filled(template, tensors_of(state))
    assert torch.equal(rebuilt["encoder"][1].hidden, state["encoder"][1].hidden)
    assert [len(tensor) for tensor in tensors_of(rebuilt)] == [3, 5, 7, 2]
    assert filled(None, []) is None


@pytest.mark.parametrize("other", [{1}, 4])
def test_other_things_are_refused_by_name(other: object) -> None:
    """A number among them: resuming would give it the value of the batch's first chunk."""
    with pytest.raises(ConfigError, match=f"state holds a {type(other).__name__}"):
        detached((torch.zeros(3), other))

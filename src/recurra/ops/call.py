"""What a recurrence is given, as one list of tensors and one of what tells it from others."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from recurra.ops.walk import Walk, mapped


class Call(NamedTuple):
    """What is computed, and from what; the lengths and resets of the first walk hold for all directions."""

    input: Tensor
    weights: tuple[Any, ...]  # of each direction
    states: tuple[Any, ...]  # of each direction, or one whose fields have an axis for the directions in front
    walks: tuple[Walk, ...]  # of each direction
    is_stacked: bool = False  # whether it is one

    def tensors(self) -> list[Any]:
        """All tensors, or None where there is none, in the order of `names`."""
        found = [self.input, self.walks[0].lengths, self.walks[0].resets]
        for own in (*self.states, *self.weights):
            found += own
        for walk in self.walks:
            found.append(walk.recurrent_mask)
            if walk.zoneout is not None:
                found += walk.zoneout.masks
        return found

    def names(self) -> list[str]:
        """What an operator calls the tensors."""
        found = ["input", "lengths", "resets"]
        for own in (*self.states, *self.weights):
            found += own._fields
        for walk in self.walks:
            found.append("mask")
            if walk.zoneout is not None:
                found += [f"kept_{name}" for name in self.states[0]._fields]
        return found

    def settings(self) -> list[Any]:
        """What else tells it from others."""
        kinds: list[Any] = [self.is_stacked, *map(type, self.states), *map(type, self.weights)]
        for walk in self.walks:
            kinds += (walk.reverse, walk.recompute, None if walk.zoneout is None else walk.zoneout.rates)
        return kinds

    def stacked_state(self) -> Any:
        """The states, with an axis for the directions in front."""
        return self.states[0] if self.is_stacked else mapped(lambda *own: torch.stack(own), *self.states)

    def returned(self, state: Any) -> Any:
        """A state of that kind as the caller takes it."""
        is_one = not self.is_stacked and len(self.states) == 1
        return mapped(lambda field: field.select(0, 0), state) if is_one else state

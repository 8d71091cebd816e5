"""How a call walks over time: which steps count, what is dropped, and from which end."""

from typing import NamedTuple

import torch
from torch import Tensor

from recurra.ops.state import StateT, mapped


class Zoneout(NamedTuple):
    """Units that keep their value over a step (Krueger et al. 2017), one entry per field of the state.

    Where a mask is given, its units keep their value for certain; without one each keeps its share, which is
    what to expect of a random mask.
    """

    rates: tuple[float, ...]
    masks: tuple[Tensor | None, ...]  # batch, time, size; bool: True where the old value stays

    def mixed(self, time: int, old: StateT, new: StateT) -> StateT:
        """The state after a step."""
        places = iter(range(len(self.rates)))
        return mapped(lambda before, after: self._mixed_field(next(places), time, before, after), old, new)

    def _mixed_field(self, place: int, time: int, old: Tensor, new: Tensor) -> Tensor:
        mask, rate = self.masks[place], self.rates[place]
        if mask is not None:
            return torch.where(mask[:, time], old, new)
        return new if rate == 0 else torch.lerp(new, old.to(new.dtype), rate)


class Walk(NamedTuple):
    """The options that every recurrence has; `recurra.ops.lstm.lstm` explains them."""

    lengths: Tensor | None = None
    resets: Tensor | None = None
    recurrent_mask: Tensor | None = None
    zoneout: Zoneout | None = None
    reverse: bool = False
    recompute: bool = False


WHOLE = Walk()
"""Every step of every row, from the first to the last."""

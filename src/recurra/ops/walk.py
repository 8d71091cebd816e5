"""A walk over time: the state that it carries, which steps count, and the loop that readable ones share.

A state is a NamedTuple of (batch, ...) tensors, the first of which is the hidden state.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.types import valid_steps

State = tuple[Tensor, ...]
StateT = TypeVar("StateT", bound=State)
Step = Callable[[Tensor, StateT], tuple[Tensor, StateT]]


def mapped(function: Callable[..., Tensor], state: StateT, *others: StateT) -> StateT:
    """A state of the same kind whose every field is `function` of the fields of the states given."""
    make = cast("Any", type(state))
    return cast("StateT", make(*(function(*fields) for fields in zip(state, *others, strict=True))))


def selected(rows: Tensor, chosen: StateT, other: StateT) -> StateT:
    """Row by row, the chosen state where `rows` (batch, bool) is True and the other one elsewhere."""
    return mapped(lambda a, b: torch.where(_along_rows(rows, a), a, b), chosen, other)


def zeroed(rows: Tensor, state: StateT) -> StateT:
    """The state with zeros in the rows where `rows` (batch, bool) is True."""
    return mapped(lambda field: field.masked_fill(_along_rows(rows, field), 0), state)


def _along_rows(rows: Tensor, field: Tensor) -> Tensor:
    return rows.view(-1, *[1] * (field.dim() - 1))


class Kept(NamedTuple):
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
    """The options of one direction that every recurrence has; `recurra.ops.lstm.lstm` explains them."""

    lengths: Tensor | None = None
    resets: Tensor | None = None
    recurrent_mask: Tensor | None = None
    zoneout: Kept | None = None
    reverse: bool = False
    recompute: bool = False

    def over(self, lengths: Tensor | None, resets: Tensor | None) -> "Walk":
        """The same over other steps."""
        # _replace is not for torch.compile before torch 2.7.
        return Walk(lengths, resets, self.recurrent_mask, self.zoneout, self.reverse, self.recompute)


WHOLE = Walk()
"""Every step of every row, from the first to the last."""


def scan(
    step: Step[StateT],
    projected: Float[Tensor, "batch time gates"],
    state: StateT,
    walk: Walk = WHOLE,
) -> tuple[Float[Tensor, "batch time outputs"], StateT]:
    """Run one step after another.

    Args:
        step: (projected input of one step, state) -> (output, next state).
        projected: What the step takes of every time step.
        state: The state before the first step; its types are kept, also under autocast.
        walk: Steps past a row's length give zeros and leave the state as it is; resets are False there. In
            reverse a row's state first changes at its last valid step. The recurrent mask is the step's own.

    Returns:
        The outputs, aligned with `projected`, and the state after the last step taken.
    """
    steps = projected.shape[1]
    valid = None if walk.lengths is None else valid_steps(walk.lengths, steps).unbind(1)
    inputs = projected.unbind(1)
    outputs: dict[int, Tensor] = {}
    for time in reversed(range(steps)) if walk.reverse else range(steps):
        if walk.resets is not None:
            state = zeroed(walk.resets[:, time], state)
        output, proposed = step(inputs[time], state)
        if walk.zoneout is not None:
            proposed = walk.zoneout.mixed(time, state, proposed)
            output = proposed[0]
        proposed = mapped(_typed_as, proposed, state)
        output = output.to(state[0].dtype)
        if valid is None:
            state = proposed
        else:
            state = selected(valid[time], proposed, state)
            output = output.masked_fill(~valid[time].unsqueeze(-1), 0)
        outputs[time] = output
    if not outputs:
        return projected.new_empty((len(projected), 0, state[0].shape[-1])), state
    return torch.stack([outputs[time] for time in range(steps)], dim=1), state


def _typed_as(field: Tensor, other: Tensor) -> Tensor:
    return field.to(other.dtype)


def without_padding(input: Tensor, walk: Walk) -> tuple[Tensor, Walk]:
    """The input with zeros past every row's length, and resets that are False there.

    A NaN in the padding would reach the weights' gradients, although no output depends on it.
    """
    if walk.lengths is None:
        return input, walk
    valid = valid_steps(walk.lengths, input.shape[1])
    resets = None if walk.resets is None else walk.resets & valid
    return input.masked_fill(~valid.unsqueeze(-1), 0), walk.over(walk.lengths, resets)


def side_by_side(
    compute: Callable[..., Any],
    input: Tensor,
    weights: Sequence[Any],
    state: StateT,
    walks: Sequence[Walk],
) -> tuple[Tensor, StateT]:
    """Run one direction after another, and put their outputs side by side.

    Args:
        compute: (input, weights, state, walk) -> (outputs, final state) of one direction.
        input: (batch, time, features), which all of them read.
        weights: Those of each direction.
        state: Fields of (directions, batch, size), and so is the one that is returned.
        walks: That of each direction.
    """
    outputs: list[Tensor] = []
    finals: list[StateT] = []
    for number, (own, walk) in enumerate(zip(weights, walks, strict=True)):
        before = mapped(lambda field, n=number: field[n], state)
        clean, simple = without_padding(input, walk)
        output, final = compute(clean, own, before, simple)
        outputs.append(output)
        finals.append(final)
    together = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)
    return together, mapped(lambda *fields: torch.stack(fields), *finals)

"""The loop over time that every readable recurrence shares: lengths, resets, and either direction."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.ops.state import StateT, mapped, selected, zeroed
from recurra.ops.walk import WHOLE, Walk
from recurra.types import valid_steps

Step = Callable[[Tensor, StateT], tuple[Tensor, StateT]]


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

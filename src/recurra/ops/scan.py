"""The loop over time that every readable recurrence shares: lengths, resets, and either direction."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from recurra.ops.state import StateT, mapped, selected, zeroed
from recurra.types import valid_steps

Step = Callable[[Tensor, StateT], tuple[Tensor, StateT]]


def scan(
    step: Step[StateT],
    projected: Float[Tensor, "batch time gates"],
    state: StateT,
    *,
    lengths: Int[Tensor, " batch"] | None = None,
    resets: Bool[Tensor, "batch time"] | None = None,
    reverse: bool = False,
) -> tuple[Float[Tensor, "batch time outputs"], StateT]:
    """Run one step after another.

    Args:
        step: (projected input of one step, state) -> (output, next state).
        projected: What the step takes of every time step.
        state: The state before the first step; its types are kept, also under autocast.
        lengths: Number of valid steps of every row. Later steps give zeros and leave the state as it is.
        resets: True where a row's state is set to zero before the step; False past a row's length.
        reverse: Go from the last step to the first. A row's state first changes at its last valid step.

    Returns:
        The outputs, aligned with `projected`, and the state after the last step taken.
    """
    steps = projected.shape[1]
    valid = None if lengths is None else valid_steps(lengths, steps).unbind(1)
    inputs = projected.unbind(1)
    outputs: dict[int, Tensor] = {}
    for time in reversed(range(steps)) if reverse else range(steps):
        if resets is not None:
            state = zeroed(resets[:, time], state)
        output, proposed = step(inputs[time], state)
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

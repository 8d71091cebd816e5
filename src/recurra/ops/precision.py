"""Fused kernels under autocast."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from recurra.ops.state import StateT, mapped

WeightsT = TypeVar("WeightsT", bound=tuple[Tensor | None, ...])


def is_under_autocast(device: torch.device) -> bool:
    """Whether autocast is on for a device; never for those that know none, such as meta."""
    return torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)


def run_in_kernel_type(
    run: Callable[[Tensor, WeightsT, StateT], tuple[Tensor, StateT]],
    input: Tensor,
    weights: WeightsT,
    state: StateT,
) -> tuple[Tensor, StateT]:
    """Run a kernel that autocast knows nothing of; the results have the state's types.

    On a GPU everything is converted to autocast's type. On a CPU everything is converted to the weights'
    type: float32 is as fast there, and the half-precision kernels need instructions that not every CPU has.
    """
    weight = next(weight for weight in weights if weight is not None)
    device = weight.device.type
    if not is_under_autocast(weight.device):
        return run(input, weights, state)
    dtype = weight.dtype if device == "cpu" else torch.get_autocast_dtype(device)
    make = cast("Any", type(weights))
    converted = make(*(None if weight is None else weight.to(dtype) for weight in weights))
    with torch.autocast(device, enabled=False):
        outputs, final = run(input.to(dtype), converted, mapped(lambda field: field.to(dtype), state))
    return outputs.to(state[0].dtype), mapped(lambda field, given: field.to(given.dtype), final, state)

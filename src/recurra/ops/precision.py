"""Fused kernels under autocast."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from recurra.ops.direction import Course
from recurra.ops.state import State, mapped

Run = Callable[[Tensor, Sequence[Course]], tuple[Tensor, Sequence[State]]]


def is_under_autocast(device: torch.device) -> bool:
    """Whether autocast is on for a device; never for those that know none, such as meta."""
    return torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)


def run_in_kernel_type(run: Run, input: Tensor, courses: Sequence[Course]) -> tuple[Tensor, Sequence[State]]:
    """Run a kernel that autocast knows nothing of; the results have the states' types.

    On a GPU everything is converted to autocast's type. On a CPU everything is converted to the weights'
    type: float32 is as fast there, and the half-precision kernels need instructions that not every CPU has.
    """
    weight: Tensor = courses[0].weights.weight_hh
    device = weight.device.type
    if not is_under_autocast(weight.device):
        return run(input, courses)
    dtype = weight.dtype if device == "cpu" else torch.get_autocast_dtype(device)
    with torch.autocast(device, enabled=False):
        outputs, finals = run(input.to(dtype), [_converted(course, dtype) for course in courses])
    typed = [
        mapped(lambda field, given: field.to(given.dtype), final, course.state)
        for final, course in zip(finals, courses, strict=True)
    ]
    return outputs.to(courses[0].state[0].dtype), typed


def _converted(course: Course, dtype: torch.dtype) -> Course:
    make = cast("Any", type(course.weights))
    weights = make(*(None if weight is None else weight.to(dtype) for weight in course.weights))
    return course._replace(weights=weights, state=mapped(lambda field: field.to(dtype), course.state))

"""Running a recurrence by the backend that is chosen for the call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from recurra.ops import backends
from recurra.ops.arguments import check_weight_kinds, checked_arguments, without_padding
from recurra.ops.direction import Course, Direction, courses_of, walk_alike
from recurra.ops.precision import run_in_kernel_type
from recurra.ops.state import State, StateT, mapped
from recurra.ops.walk import Walk


class Recurrence(NamedTuple):
    """One recurrence: what computes it, and what each computation cannot do.

    The native implementation is a function of one or two directions, (input, courses) -> (outputs, final
    states); the others are functions of one, (input, weights, state, walk) -> (outputs, final state).
    """

    implementations: Mapping[str, Callable[..., Any]]
    state_sizes: Sequence[int]
    torch_lacks: str | None = None  # a variant that torch has no kernel for


def run_recurrence(
    recurrence: Recurrence,
    input: Tensor,
    weights: Any,
    state: StateT,
    walk: Walk,
    opposite: Direction | None,
    backend: str,
) -> tuple[Tensor, StateT]:
    """Check the arguments, choose a backend, and run it: both directions at once where it can.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend is unknown, or cannot do this.
    """
    given = courses_of(weights, state, walk, opposite)
    courses = [_checked(recurrence, input, course) for course in given]
    chosen = [_choose(recurrence, input, course, backend) for course in courses]
    if len(courses) == 1 or (chosen == ["native", "native"] and walk_alike(courses)):
        outputs, finals = _run(recurrence, chosen[0], input, courses)
    else:
        pairs = zip(chosen, courses, strict=True)
        parts = [_run(recurrence, name, input, [course]) for name, course in pairs]
        outputs, finals = torch.cat([part for part, _ in parts], dim=-1), [final for _, (final,) in parts]
    if opposite is None:
        return outputs, cast("StateT", finals[0])
    return outputs, cast("StateT", mapped(lambda *fields: torch.stack(fields), *finals))


def _checked(recurrence: Recurrence, input: Tensor, course: Course) -> Course:
    weights = course.weights
    walk = checked_arguments(
        input,
        course.state,
        input_size=weights.weight_ih.shape[1],
        parameter=weights.weight_hh,
        state_sizes=recurrence.state_sizes,
        walk=course.walk,
    )
    check_weight_kinds(weights, weights.weight_hh)
    return course._replace(walk=walk)


def _choose(recurrence: Recurrence, input: Tensor, course: Course, backend: str) -> str:
    mask, torch_lacks = course.walk.recurrent_mask, recurrence.torch_lacks
    if mask is not None:
        torch_lacks = "a recurrent mask"
    elif course.walk.zoneout is not None:
        torch_lacks = "zoneout"
    return backends.choose(backend, backends.Call(input, course.weights.weight_hh, torch_lacks, mask))


def _run(
    recurrence: Recurrence, chosen: str, input: Tensor, courses: Sequence[Course]
) -> tuple[Tensor, Sequence[State]]:
    run = recurrence.implementations[chosen]
    if chosen == "native":  # the engine never reads padding
        return run_in_kernel_type(run, input, courses)

    def run_one(rows: Tensor, courses: Sequence[Course]) -> tuple[Tensor, Sequence[State]]:
        (course,) = courses
        outputs, final = run(rows, *course)
        return outputs, [final]

    (course,) = courses
    clean, walk = without_padding(input, course.walk)
    course = course._replace(walk=walk)
    if chosen == "reference":
        return run_one(clean, [course])
    return run_in_kernel_type(run_one, clean, [course])

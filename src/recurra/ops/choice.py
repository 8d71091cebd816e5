"""Running a recurrence by the backend that is chosen for the call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from recurra.ops import backends
from recurra.ops.arguments import check_weight_kinds, checked_arguments, without_padding
from recurra.ops.precision import run_in_kernel_type
from recurra.ops.state import StateT
from recurra.ops.walk import Walk

Run = Callable[[Tensor, Any, StateT, Walk], tuple[Tensor, StateT]]


class Recurrence(NamedTuple):
    """One recurrence: what computes it, and what each computation cannot do.

    Every implementation is a function (input, weights, state, walk) -> (outputs, final state).
    """

    implementations: Mapping[str, Callable[..., Any]]
    state_sizes: Sequence[int]
    torch_lacks: str | None = None  # a variant that torch has no kernel for


def run_recurrence(
    recurrence: Recurrence, input: Tensor, weights: Any, state: StateT, walk: Walk, backend: str
) -> tuple[Tensor, StateT]:
    """Check the arguments, choose a backend, and run it.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend is unknown, or cannot do this.
    """
    walk = checked_arguments(
        input,
        state,
        input_size=weights.weight_ih.shape[1],
        parameter=weights.weight_hh,
        state_sizes=recurrence.state_sizes,
        walk=walk,
    )
    check_weight_kinds(weights, weights.weight_hh)
    call = backends.Call(input, weights.weight_hh, _torch_lacks(recurrence, walk), walk.recurrent_mask)
    chosen = backends.choose(backend, call)
    run: Run[StateT] = recurrence.implementations[chosen]
    # The engine never reads padding.
    given, walk = (input, walk) if chosen == "native" else without_padding(input, walk)
    if chosen == "reference":
        return run(given, weights, state, walk)

    def run_given(rows: Tensor, weights: Any, state: StateT) -> tuple[Tensor, StateT]:
        return run(rows, weights, state, walk)

    return run_in_kernel_type(run_given, given, weights, state)


def _torch_lacks(recurrence: Recurrence, walk: Walk) -> str | None:
    if walk.recurrent_mask is not None:
        return "a recurrent mask"
    return "zoneout" if walk.zoneout is not None else recurrence.torch_lacks

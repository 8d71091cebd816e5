"""An op: one recurrence over whole sequences, by the backend that is chosen for the call.

`run_op` is for one direction, or for a forward and an opposite one that may drop and keep differently;
`run_layer` for the directions of a layer that carries its states as torch.nn does. Both end in `_run`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor

from recurra.errors import ConfigError, ShapeError
from recurra.ops import backends
from recurra.ops.arguments import check_weight_kinds, checked_arguments, is_under_autocast, simplest
from recurra.ops.native.arguments import Arguments
from recurra.ops.native.operator import Operator
from recurra.ops.native.plan import Plan
from recurra.ops.walk import Kept, StateT, Walk, mapped, side_by_side
from recurra.ops.watched import PLAIN, is_watched

WeightsT = TypeVar("WeightsT", bound=tuple[Tensor | None, ...])


class Op(NamedTuple):
    """One recurrence: its sizes, and what computes it.

    The engine's operator takes one direction or both. What else computes it, by the name of its backend, is a
    function of one: (input, weights, state, walk) -> (outputs, final state).
    """

    sizes: Callable[[Any], tuple[int, ...]]  # of the fields of a state; weights that do not fit are refused
    operator: Operator
    computations: Mapping[str, Callable[..., Any]]
    torch_lacks: Callable[[Any], str | None] = lambda _: None  # what torch's kernels cannot do with weights
    epsilon: float = 0.0


class Direction(NamedTuple):
    """What a direction has of its own: both read the same input, with the same lengths and resets."""

    weights: Any  # a NamedTuple of tensors, None where there is none
    state: Any  # the state before its first step
    recurrent_mask: Tensor | None = None
    zoneout: Kept | None = None


def run_op(
    op: Op,
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
    if opposite is None:
        call = signature(op.operator.cell, op.epsilon, backend, input, weights, state, walk)
        plan = None if call is None else PLANS.get(call)
        ahead = _checked(op, input, weights, state, walk) if plan is None else simplest(walk, input)
        fields = mapped(_with_axis, state)
        outputs, final = _run(op, input, [weights], fields, [ahead], backend, call, plan)
        return outputs, mapped(lambda field: field.select(0, 0), final)
    ahead = _checked(op, input, weights, state, walk)
    if walk.reverse:
        raise ConfigError(
            "reverse=True with an opposite direction", "reverse=False", "Give them the other way."
        )
    _check_alike([weights, opposite.weights])
    mask, zoneout = opposite.recurrent_mask, opposite.zoneout
    back = walk._replace(recurrent_mask=mask, zoneout=zoneout, reverse=True)
    back = _checked(op, input, opposite.weights, opposite.state, back)
    if _manner(ahead) == _manner(back):
        both = mapped(lambda *fields: torch.stack(fields), state, opposite.state)
        return _run(op, input, [weights, opposite.weights], both, [ahead, back], backend)
    outputs, last = _run(op, input, [weights], mapped(_with_axis, state), [ahead], backend)
    others, first = _run(op, input, [opposite.weights], mapped(_with_axis, opposite.state), [back], backend)
    return torch.cat([outputs, others], dim=-1), mapped(lambda *fields: torch.cat(fields), last, first)


def run_layer(
    op: Op, input: Tensor, weights: Sequence[Any], state: StateT, walk: Walk, backend: str
) -> tuple[Tensor, StateT]:
    """Run the directions of a layer, the forward one and, where there are weights for it, the reverse one.

    Args:
        op: What they compute.
        input: (batch, time, features).
        weights: Those of each direction.
        state: Fields of (directions, batch, size), and so is the one that is returned.
        walk: That of the forward direction, without a mask or zoneout.
        backend: One of `backends.NAMES`.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend is unknown, or cannot do this.
    """
    call = signature(op.operator.cell, op.epsilon, backend, input, tuple(weights), state, walk)
    plan = None if call is None else PLANS.get(call)
    if plan is None:
        walk = _checked(op, input, weights[0], state, walk, directions=len(weights))
        for other in weights[1:]:
            _check_alike([weights[0], other])
            check_weight_kinds(other, weights[0].weight_hh)
    else:
        walk = simplest(walk, input)
    walks = [walk, walk._replace(reverse=True)][: len(weights)]
    return _run(op, input, weights, state, walks, backend, call, plan)


PLANS: dict[Any, Plan] = {}
"""What the engine takes for calls that were checked before, by their signatures: at most `MOST_PLANS`."""

MOST_PLANS = 1024


def signature(*parts: Any) -> tuple[Any, ...] | None:
    """What tells one call from another but the numbers in its tensors; None where torch watches the program.

    Calls of equal signatures are checked once, and go to the engine by the same plan.

    Args:
        parts: Tensors, settings, and (named) tuples of these.
    """
    return None if is_watched() else (torch.is_grad_enabled(), *_described(parts))


def _described(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([
        (part.shape, part.stride(), part.dtype, part.device, part.requires_grad)
        if type(part) in TENSORS
        else (type(part), _described(part))
        if isinstance(part, tuple)
        else part
        if type(part) in SETTINGS
        else object()  # unlike any other: such a call is checked each time
        for part in parts
    ])  # fmt: skip


TENSORS = frozenset({Tensor, torch.nn.Parameter})
SETTINGS = frozenset({str, *PLAIN}) - TENSORS


def shapes_of(weights: Any) -> list[tuple[int, ...] | None]:
    """The shape of every weight, None where there is none."""
    return [None if weight is None else tuple(weight.shape) for weight in weights]


def _checked(
    op: Op, input: Tensor, weights: Any, state: Any, walk: Walk, directions: int | None = None
) -> Walk:
    walk = checked_arguments(
        input,
        state,
        state_sizes=op.sizes(weights),
        input_size=weights.weight_ih.shape[1],
        parameter=weights.weight_hh,
        directions=directions,
        walk=walk,
    )
    check_weight_kinds(weights, weights.weight_hh)
    return walk


def _check_alike(weights: Sequence[Any]) -> None:
    ahead, back = (shapes_of(one) for one in weights)
    if ahead != back:
        raise ShapeError(
            f"an opposite direction with weights of shapes {back}",
            f"{ahead}, as the forward one",
            "Run directions that differ one after the other.",
        )


def _manner(walk: Walk) -> tuple[Any, ...]:
    """How a direction drops and keeps: one call of the engine takes those that do it in the same manner."""
    has_mask, zoneout = walk.recurrent_mask is not None, walk.zoneout
    if zoneout is None:
        return (has_mask,)
    return has_mask, zoneout.rates, tuple(mask is None for mask in zoneout.masks)


def _with_axis(field: Tensor) -> Tensor:
    return field.unsqueeze(0)


def _run(
    op: Op,
    input: Tensor,
    weights: Sequence[Any],
    state: StateT,
    walks: Sequence[Walk],
    backend: str,
    call: tuple[Any, ...] | None = None,
    plan: Plan | None = None,
) -> tuple[Tensor, StateT]:
    """Run what has been checked; the fields of the state are (directions, batch, size).

    Its plan is that of an equal call before; without one it is remembered by the call's signature.
    """
    if plan is not None:
        return _run_engine(op, input, weights, state, walks, plan)
    masks = [walk.recurrent_mask for walk in walks if walk.recurrent_mask is not None]
    torch_lacks = op.torch_lacks(weights[0])
    if masks:
        torch_lacks = "a recurrent mask"
    elif walks[0].zoneout is not None:
        torch_lacks = "zoneout"
    parameter = weights[0].weight_hh
    chosen = backends.choose(backend, input, parameter, torch_lacks, masks)
    if chosen == "native" and call is not None:
        plan = _planned(op, call, Arguments.joined(input, weights, state, walks, op.epsilon))
        return _run_engine(op, input, weights, state, walks, plan)
    is_native = chosen == "native"
    run: Any = partial(_run_engine, op) if is_native else partial(side_by_side, op.computations[chosen])
    if chosen == "reference" or not is_under_autocast(parameter.device):
        return cast("tuple[Tensor, StateT]", run(input, weights, state, walks))
    # Autocast knows nothing of the kernels. On a GPU all is converted to its type; on a CPU to that of the
    # weights: float32 is as fast there, and the half-precision kernels need instructions that not every CPU
    # has.
    device = parameter.device.type
    dtype = parameter.dtype if device == "cpu" else torch.get_autocast_dtype(device)
    with torch.autocast(device, enabled=False):
        own = [_converted(one, dtype) for one in weights]
        outputs, final = run(input.to(dtype), own, _converted(state, dtype), walks)
    return outputs.to(state[0].dtype), mapped(lambda field, given: field.to(given.dtype), final, state)


def _planned(op: Op, call: tuple[Any, ...], given: Arguments) -> Plan | None:
    """The plan of a call, remembered by its signature; None where a tensor is of a kind of its own."""
    if is_watched(given):
        return None
    if len(PLANS) >= MOST_PLANS:
        PLANS.clear()
    PLANS[call] = plan = Plan.of(op.operator.cell, given)
    return plan


def _run_engine(
    op: Op,
    input: Tensor,
    weights: Sequence[Any],
    state: StateT,
    walks: Sequence[Walk],
    plan: Plan | None = None,
) -> tuple[Tensor, StateT]:
    outputs, *fields = op.operator(Arguments.joined(input, weights, state, walks, op.epsilon), plan)
    make = cast("Any", type(state))
    return cast("Tensor", outputs), make(*fields[: len(state)])


def _converted(tensors: WeightsT, dtype: torch.dtype) -> WeightsT:
    make = cast("Any", type(tensors))
    return cast("WeightsT", make(*(None if tensor is None else tensor.to(dtype) for tensor in tensors)))

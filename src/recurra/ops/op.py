"""An op: one recurrence over whole sequences, by the backend that is chosen for the call.

`run_op` is for one direction, or for a forward and an opposite one that may drop and keep differently;
`run_layer` for the directions of a layer that carries its states as torch.nn does. Both end in `_run`, which
goes straight to the engine when a call like it was checked before and nobody watches.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor

from recurra.errors import ConfigError, ShapeError
from recurra.ops import backends
from recurra.ops.arguments import (
    check_arguments,
    check_input,
    check_state_kind,
    check_weight_kinds,
    is_under_autocast,
    simplest,
)
from recurra.ops.call import Call
from recurra.ops.native.arguments import Arguments
from recurra.ops.native.operator import Operator
from recurra.ops.native.plan import Plan
from recurra.ops.walk import Kept, StateT, Walk, mapped, side_by_side
from recurra.ops.watched import is_watched

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
    ahead = Call(input, (weights,), (state,), (walk,))
    if opposite is None:
        return _run(op, ahead, backend)
    if walk.reverse:
        raise ConfigError(
            "reverse=True with an opposite direction", "reverse=False", "Give them the other way."
        )
    mask, zoneout = opposite.recurrent_mask, opposite.zoneout
    behind = walk._replace(recurrent_mask=mask, zoneout=zoneout, reverse=True)
    if _manner(walk) == _manner(behind):
        weights_of_both, states = (weights, opposite.weights), (state, opposite.state)
        return _run(op, Call(input, weights_of_both, states, (walk, behind)), backend)
    back = Call(input, (opposite.weights,), (opposite.state,), (behind,))
    _check_alike([weights, opposite.weights])
    (outputs, last), (others, first) = (_run(op, one, backend) for one in (ahead, back))
    return torch.cat([outputs, others], dim=-1), mapped(lambda *fields: torch.stack(fields), last, first)


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
    behind = Walk(walk.lengths, walk.resets, reverse=True, recompute=walk.recompute)
    walks = (walk, behind)[: len(weights)]
    return _run(op, Call(input, tuple(weights), (state,), walks, is_stacked=True), backend)


PLANS: dict[Any, Plan] = {}
"""What the engine takes for calls that were checked before, by their signatures: at most `MOST_PLANS`."""

MOST_PLANS = 1024


def _run(op: Op, call: Call, backend: str) -> tuple[Tensor, Any]:
    """Run a call: one that is like another but for the numbers in its tensors is checked once."""
    for state in call.states:
        check_state_kind(state)
    if call.walks[0].lengths is not None or call.walks[0].resets is not None:
        call = _simplest(call)
    tensors = call.tensors()
    if is_watched(tensors):
        return _run_by(_chosen(op, call, backend), op, call)
    signature = (
        op.operator, op.epsilon, backend, torch.is_grad_enabled(), *call.settings(), *map(_described, tensors)
    )  # fmt: skip
    present = [one for one in tensors if one is not None]
    plan = PLANS.get(signature)
    if plan is None:
        chosen = _chosen(op, call, backend)
        if chosen != "native":
            return _run_by(chosen, op, call)
        if len(PLANS) >= MOST_PLANS:
            PLANS.clear()
        given = Arguments.joined(call.input, call.weights, call.stacked_state(), call.walks, op.epsilon)
        names = [name for name, one in zip(call.names(), tensors, strict=True) if one is not None]
        plan = PLANS[signature] = Plan.of(op.operator.cell, given, names, present)
    outputs, *last = op.operator(plan, present)
    return outputs, type(call.states[0])(*last)


def _described(tensor: Tensor | None) -> Any:
    if tensor is None:
        return None
    return tensor.shape, tensor.stride(), tensor.dtype, tensor.device, tensor.requires_grad


def _simplest(call: Call) -> Call:
    check_input(call.input, call.weights[0].weight_ih.shape[1])
    lengths, resets, *_ = simplest(call.walks[0], call.input)
    walks = tuple([walk.over(lengths, resets) for walk in call.walks])
    return Call(call.input, call.weights, call.states, walks, call.is_stacked)


def _chosen(op: Op, call: Call, backend: str) -> str:
    """Check a call, and choose what computes it."""
    if len(call.weights) > 1:
        _check_alike(call.weights)
    parameter = call.weights[0].weight_hh
    for number, (weights, walk) in enumerate(zip(call.weights, call.walks, strict=True)):
        check_arguments(
            call.input,
            call.states[0 if call.is_stacked else number],
            state_sizes=op.sizes(weights),
            input_size=weights.weight_ih.shape[1],
            parameter=parameter,
            directions=len(call.walks) if call.is_stacked else None,
            walk=walk,
        )
        check_weight_kinds(weights, parameter)
    masks = [walk.recurrent_mask for walk in call.walks if walk.recurrent_mask is not None]
    torch_lacks = op.torch_lacks(call.weights[0])
    if masks:
        torch_lacks = "a recurrent mask"
    elif call.walks[0].zoneout is not None:
        torch_lacks = "zoneout"
    return backends.choose(backend, call.input, parameter, torch_lacks, masks)


def _run_by(chosen: str, op: Op, call: Call) -> tuple[Tensor, Any]:
    """Run what has been checked by a backend, for everybody to see."""
    parameter, state = call.weights[0].weight_hh, call.stacked_state()
    run: Any = (
        partial(side_by_side, op.computations[chosen]) if chosen != "native" else partial(_by_engine, op)
    )
    if chosen == "reference" or not is_under_autocast(parameter.device):
        outputs, final = run(call.input, call.weights, state, call.walks)
        return outputs, call.returned(final)
    # Autocast knows nothing of the kernels. On a GPU all is converted to its type; on a CPU to that of the
    # weights: float32 is as fast there, and the half-precision kernels need instructions that not every CPU
    # has.
    device = parameter.device.type
    dtype = parameter.dtype if device == "cpu" else torch.get_autocast_dtype(device)
    with torch.autocast(device, enabled=False):
        own = [_converted(one, dtype) for one in call.weights]
        outputs, final = run(call.input.to(dtype), own, _converted(state, dtype), call.walks)
    final = mapped(lambda field, given: field.to(given.dtype), final, state)
    return outputs.to(state[0].dtype), call.returned(final)


def _by_engine(
    op: Op, input: Tensor, weights: Sequence[Any], state: StateT, walks: Sequence[Walk]
) -> tuple[Tensor, StateT]:
    outputs, *fields = op.operator.overload(*Arguments.joined(input, weights, state, walks, op.epsilon))
    make = cast("Any", type(state))
    return cast("Tensor", outputs), make(*fields[: len(state)])


def shapes_of(weights: Any) -> list[tuple[int, ...] | None]:
    """The shape of every weight, None where there is none."""
    return [None if weight is None else tuple(weight.shape) for weight in weights]


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


def _converted(tensors: WeightsT, dtype: torch.dtype) -> WeightsT:
    make = cast("Any", type(tensors))
    return cast("WeightsT", make(*(None if tensor is None else tensor.to(dtype) for tensor in tensors)))

"""One call of the engine: a whole layer forward or back, torch's tensors as the addresses that it takes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import deterministic

from recurra.ops.native.plan import PLACES, Plan, Source
from recurra.types import out_of_range

FILLS, OUTPUTS, GRAD_OUTPUTS = PLACES["fills"], PLACES["outputs"], PLACES["grad_outputs"]

IF_NEEDED = frozenset({"input", "hidden", "cell"})
"""Tensors of which the engine leaves out the gradient that nobody asks for."""


def forward(plan: Plan, tensors: Sequence[Any], *, saves: bool) -> tuple[list[Tensor], Tensor | None]:
    """Outputs and last states, and what is saved for the backward pass.

    Args:
        plan: Of the call.
        tensors: Those of the call, None where there is none.
        saves: Whether anything is.
    """
    results = [
        _empty_padded(plan, plan.outputs),
        *[torch.empty(one, dtype=plan.dtype) for one in plan.states],
    ]
    saved = torch.empty(plan.room, dtype=plan.dtype) if saves else None
    fields = list(plan.fields)
    fields[OUTPUTS : OUTPUTS + len(results)] = [one.data_ptr() for one in results]
    _run(plan, tensors, fields, saved, backward=False)
    return results, saved


def backward(
    plan: Plan,
    tensors: Sequence[Any],
    outputs: Tensor | None,
    saved: Tensor | None,
    grads: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """The gradients of a call's tensors; None where there is none, and for a bias that has another one's.

    Args:
        plan: Of the call.
        tensors: Those of the call.
        outputs: What the forward pass returned.
        saved: What it kept; when that is nothing, it is run again.
        grads: Gradients of its outputs and last states; None where there is none.
        needed: For each of the tensors whether somebody asks for its gradient.
    """
    if outputs is None or saved is None:
        (outputs, *_), saved = forward(plan, tensors, saves=True)
    fields: list[Any] = list(plan.fields)
    found: list[Tensor | None] = [None] * len(tensors)
    held = [_as_it_lies(plan, outputs)]  # what the engine reads stays until it has run
    fields[OUTPUTS] = held[0].data_ptr()
    for place, grad in enumerate(grads, GRAD_OUTPUTS):
        if grad is not None:
            held.append(_as_it_lies(plan, grad) if place == GRAD_OUTPUTS else grad.contiguous())
            fields[place] = held[-1].data_ptr()
    for source in plan.sources:
        if source.grad_place is None or (source.name in IF_NEEDED and not any(needed[n] for n in source.own)):
            continue
        room = _room(plan, source)
        fields[source.grad_place] = room.data_ptr()
        source.part(room, found)
    _run(plan, tensors, fields, saved, backward=True)
    return found


def _room(plan: Plan, source: Source) -> Tensor:
    """For the gradient of a tensor that the engine takes."""
    if source.name == "input":
        return _empty_padded(plan, source.joined)
    return torch.empty(source.joined, dtype=plan.dtype)


def _run(
    plan: Plan, tensors: Sequence[Any], fields: list[Any], saved: Tensor | None, *, backward: bool
) -> None:
    """Run the engine; `fields` has the addresses of results and gradients."""
    fields[FILLS] = _fills_fresh_memory()
    taken = [_as_it_lies(plan, tensors[0]), *[source.of(tensors) for source in plan.sources[1:]]]
    for source, tensor in zip(plan.sources, taken, strict=True):
        fields[source.place] = tensor.data_ptr()
    if saved is not None:
        start = saved.data_ptr()
        for place, begin in plan.saved:
            fields[place] = start + begin
    try:
        plan.run(backward, tuple(fields), torch.get_num_threads())
    except ValueError as error:  # in a compiled program nobody sees the lengths before
        raise out_of_range(str(error), tensors[0]) from None


def _fills_fresh_memory() -> int:
    """Whether torch fills memory that nobody has written yet, so that nobody reads it."""
    return int(
        torch.are_deterministic_algorithms_enabled() and deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    )


def _empty_padded(plan: Plan, shape: tuple[int, ...]) -> Tensor:
    """Room for (batch, time, size), lying as the input does."""
    if plan.is_time_major:
        batch, steps, size = shape
        return torch.empty((steps, batch, size), dtype=plan.dtype).transpose(0, 1)
    return torch.empty(shape, dtype=plan.dtype)


def _as_it_lies(plan: Plan, tensor: Tensor) -> Tensor:
    """A (batch, time, size) tensor in the order in memory that the input has."""
    if plan.is_time_major:
        return tensor.transpose(0, 1).contiguous().transpose(0, 1)
    return tensor.contiguous()

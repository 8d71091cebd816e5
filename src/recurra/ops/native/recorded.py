"""Calls of the engine in autograd's graph: by a plan, or by torch's dispatcher."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recurra.ops.native.arguments import DIFFERENTIABLE, TENSORS, Arguments
from recurra.ops.native.layer import backward, forward
from recurra.ops.native.plan import Plan
from recurra.ops.watched import is_watched

RESULTS = 3  # outputs, hidden, cell; what is saved for the backward pass follows

_WITHOUT = (None,) * (TENSORS - DIFFERENTIABLE)


class Planned(torch.autograd.Function):
    """A call that nobody watches; its tensors are as the plan says."""

    @staticmethod
    def forward(ctx: Any, operator: Any, plan: Plan, *tensors: Any) -> tuple[Tensor, ...]:
        """Outputs and last states."""
        results, saved = forward(plan, tensors, saves=plan.settings["saves"])
        ctx.set_materialize_grads(False)
        ctx.operator, ctx.plan = operator, plan
        ctx.save_for_backward(*tensors, None if saved is None else results[0], saved)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The gradients of the tensors."""
        operator, plan, needed = ctx.operator, ctx.plan, ctx.needs_input_grad[2:]
        *tensors, outputs, saved = ctx.saved_tensors
        if _goes_plainly(grads):
            found = plain_gradients(partial(_plainly, operator, plan), tensors, needed, grads)
        elif is_watched((*tensors, *grads)):
            given = plan.arguments(tensors)
            states = zip(grads[1:], (given.hidden, given.cell), strict=False)
            shaped = [None if grad is None else grad.reshape(state.shape) for grad, state in states]
            joined = operator.gradients(given, outputs, saved, [grads[0], *shaped], needed[0])
            found = plan.parted(joined, len(tensors))
        else:
            found = backward(plan, tensors, outputs, saved, grads, needed)
            for bias, other in plan.alike:
                found[bias] = found[other]
        return None, None, *found


def _goes_plainly(grads: Sequence[Tensor | None]) -> bool:
    """Whether a backward pass takes plain operations: one that is recorded, or of many gradients at once."""
    is_batched = torch._C._functorch.is_legacy_batchedtensor
    return torch.is_grad_enabled() or any(grad is not None and is_batched(grad) for grad in grads)


def _plainly(operator: Any, plan: Plan, *tensors: Any) -> list[Tensor]:
    outputs, *states = operator.plain(plan.arguments(tensors))
    return [outputs, *[one.view(shape) for one, shape in zip(states, plan.states, strict=True)]]


class Dispatched(torch.autograd.Function):
    """A call of an operator by torch's dispatcher, below autograd."""

    @staticmethod
    def forward(
        ctx: Any, operator: Any, keys: Any, settings: Sequence[Any], *tensors: Any
    ) -> tuple[Tensor | None, ...]:
        """What the operator returns."""
        results: tuple[Tensor | None, ...] = operator.run_below(keys, (*tensors, *settings))
        saved = results[RESULTS]
        ctx.set_materialize_grads(False)
        ctx.operator, ctx.settings = operator, settings
        ctx.save_for_backward(*tensors, None if saved is None else results[0], saved)
        if saved is not None:
            ctx.mark_non_differentiable(saved)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The gradients of the tensors."""
        operator, settings, needed = ctx.operator, ctx.settings, ctx.needs_input_grad[3:]
        *tensors, outputs, saved = ctx.saved_tensors
        if _goes_plainly(grads):
            found = plain_gradients(
                lambda *own: operator.plain(Arguments(*own, *settings)), tensors, needed, grads[:RESULTS]
            )
        else:
            given = Arguments(*tensors, *settings)
            found = [*operator.gradients(given, outputs, saved, grads[:RESULTS], needed[0]), *_WITHOUT]
        return None, None, None, *found


def plain_gradients(
    plain: Callable[..., Sequence[Tensor]],
    tensors: Sequence[Tensor | None],
    needed: Sequence[bool],
    grads: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """The gradients by plain operations, which can be differentiated again where torch records them.

    Args:
        plain: Function of the tensors, in such operations.
        tensors: Its arguments, None where there is none.
        needed: For each of them whether its gradient is asked for.
        grads: Gradients of the results; None where there is none.
    """
    wanted = [number for number, is_needed in enumerate(needed) if is_needed]
    gradients: list[Any] = [None] * len(tensors)
    is_recorded = torch.is_grad_enabled()
    with torch.autocast("cpu", enabled=False), torch.enable_grad():
        # An alias of each argument: one may have been computed from another (layers that share weights).
        inner: list[Any] = [None if tensor is None else tensor.view_as(tensor) for tensor in tensors]
        results = plain(*inner)
        present = [number for number in range(len(results)) if grads[number] is not None]
        if not present or not wanted:
            return gradients
        found = torch.autograd.grad(
            [results[number] for number in present],
            [inner[number] for number in wanted],
            [grads[number] for number in present],
            create_graph=is_recorded,
            allow_unused=True,
        )
    for number, gradient in zip(wanted, found, strict=True):
        gradients[number] = gradient
    return gradients

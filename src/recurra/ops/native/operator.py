"""The engine's recurrences as torch operators, so that compile, export, autocast and vmap know them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from recurra.ops.native.arguments import DIFFERENTIABLE, PARAMETERS, Arguments, differentiable
from recurra.ops.native.layer import backward, forward
from recurra.ops.native.plan import (
    BIAS_HH,
    Plan,
    Sizes,
    check_call,
    empty_gradients,
    empty_like,
    empty_padded,
)
from recurra.ops.walk import side_by_side
from recurra.ops.watched import is_watched

Compute = Callable[..., Any]

RESULTS = 3  # outputs, hidden, cell; what is saved for the backward pass follows

TENSORS = Arguments._fields.index("rate_hidden")
"""The first arguments, this many, are tensors or None; the rest are settings."""

LIBRARY: Any = torch.library.Library("recurra", "FRAGMENT")  # type: ignore[no-untyped-call]


def define_operator(
    cell: str, weights: Any, state: Any, reference: Callable[[Arguments], Compute]
) -> "Operator":
    """Register `recurra::<cell>` and `recurra::<cell>_backward`, and return what calls the former.

    Args:
        cell: One of the engine's cells.
        weights: The NamedTuple of its weights.
        state: The NamedTuple of its state.
        reference: What computes one direction of a call in plain operations, (input, weights, state, walk) ->
            (outputs, final state); second derivatives go through it.
    """
    name, backward_name = f"recurra::{cell}", f"recurra::{cell}_backward"
    LIBRARY.define(f"{cell}({PARAMETERS}) -> ({_tensors(RESULTS + 1)})")
    LIBRARY.define(
        f"{cell}_backward({PARAMETERS}, Tensor? outputs, Tensor? saved, Tensor? grad_outputs, "
        f"Tensor? grad_hidden, Tensor? grad_cell, bool wants_input) -> ({_tensors(DIFFERENTIABLE)})",
    )

    def plain(given: Arguments) -> tuple[Tensor, ...]:
        own, fields, walks = given.parted(weights, state)
        outputs, final = side_by_side(reference(given), given.input, own, fields, walks)
        return outputs, *final

    operator = Operator(cell, plain)
    LIBRARY.impl(cell, operator.run, "CPU")
    LIBRARY.impl(f"{cell}_backward", operator.run_backward, "CPU")
    LIBRARY.impl(cell, operator.record, "Autograd", with_keyset=True)
    torch.library.register_fake(name, operator.shapes, lib=LIBRARY)
    torch.library.register_fake(backward_name, operator.gradient_shapes, lib=LIBRARY)
    torch.library.register_vmap(name, operator.run_batched, lib=LIBRARY)
    for one in (name, backward_name):  # whose products would be of another type than the engine's tensors
        torch.library.register_autocast(one, "cpu", torch.float32, lib=LIBRARY)
    return operator


def _tensors(number: int) -> str:
    return ", ".join(["Tensor"] * number)


class Operator:
    """A recurrence of the engine, and what torch asks of an operator."""

    def __init__(self, cell: str, plain: Callable[[Arguments], tuple[Tensor, ...]]) -> None:
        self.cell, self.plain = cell, plain
        self.overload = getattr(torch.ops.recurra, cell).default
        self.backward_overload = getattr(torch.ops.recurra, f"{cell}_backward").default

    def __call__(self, given: Arguments, plan: Plan | None) -> tuple[Tensor | None, ...]:
        """Outputs, last states, and perhaps what is saved.

        Args:
            given: What the operator takes.
            plan: That of a call that nobody watches; None goes by torch's dispatcher.
        """
        if plan is None:
            results: tuple[Tensor | None, ...] = self.overload(*given)
            return results
        return self.record(None, *given, plan=plan)

    def run(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """The engine's results, of what nobody has checked."""
        given = Arguments(*arguments)
        check_call(self.cell, given)
        return forward(Plan.of(self.cell, given), given)

    def shapes(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Results without numbers."""
        given = Arguments(*arguments)
        sizes = Sizes.of(self.cell, given)
        outputs = empty_padded(given, sizes.directions * sizes.outputs)
        room = (sum(sizes.saved(self.cell, given)),)
        saved = given.input.new_empty(room) if given.saves else None
        return outputs, empty_like(given.hidden), empty_like(given.cell), saved

    def run_backward(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """The engine's gradients, of what nobody has checked."""
        given, (outputs, saved, *grads, wants_input) = _of_backward(arguments)
        check_call(self.cell, given)
        plan = Plan.of(self.cell, given)
        return tuple(backward(self.cell, plan, given, outputs, saved, grads, wants_input))

    def gradient_shapes(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Gradients without numbers."""
        given, (*_, wants_input) = _of_backward(arguments)
        return tuple(empty_gradients(self.cell, given, wants_input))

    def record(self, keys: Any, *arguments: Any, plan: Plan | None = None) -> tuple[Tensor | None, ...]:
        """Run the operator, and remember what its derivative needs when somebody wants one.

        torch.library.register_autograd does the same, but reads the schema anew at every call, which takes
        longer than a small net.
        """
        if torch.is_grad_enabled() and torch._C._any_requires_grad(*arguments):
            rest = arguments[TENSORS:]
            recorded: tuple[Tensor | None, ...] = _Recorded.apply(
                self, keys, plan, rest, *arguments[:TENSORS]
            )  # type: ignore[no-untyped-call]
            return recorded
        return self.run_below(keys, plan, arguments)

    def run_below(self, keys: Any, plan: Plan | None, arguments: Sequence[Any]) -> tuple[Tensor | None, ...]:
        """The operator without a derivative: by a plan, or else by the dispatcher, whose keys these are."""
        if plan is not None:
            return forward(plan, Arguments(*arguments))
        with torch._C._AutoDispatchBelowAutograd():
            below = keys & torch._C._after_autograd_keyset
            results: tuple[Tensor | None, ...] = self.overload.redispatch(below, *arguments)
            return results

    def gradients(self, ctx: Any, grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        """The derivatives of the first arguments."""
        tensors, needed = ctx.saved_tensors, ctx.needs_input_grad[4:]
        given, (outputs, saved) = Arguments(*tensors[:TENSORS], *ctx.settings), tensors[TENSORS:]
        if torch.is_grad_enabled():
            with torch.autocast("cpu", enabled=False):
                return _plain_gradients(self.plain, given, needed, grads)
        if is_watched(tensors) or is_watched(grads):
            found = list(self.backward_overload(*given, outputs, saved, *grads, needed[0]))
        else:
            plan = ctx.plan or Plan.of(self.cell, given)
            found = backward(self.cell, plan, given, outputs, saved, grads, needed[0])
        if given.bias_hh is not None and found[BIAS_HH] is None:
            found[BIAS_HH] = found[BIAS_HH - 1]  # that of bias_ih
        return found

    def run_batched(self, info: Any, in_dims: Sequence[Any], *arguments: Any) -> tuple[Any, Any]:
        """One call after another, the results stacked."""
        dims = list(zip(arguments, in_dims, strict=True))
        rows = [
            self.overload(*(value if dim is None else value.select(dim, number) for value, dim in dims))
            for number in range(info.batch_size)
        ]
        results = tuple(None if parts[0] is None else torch.stack(parts) for parts in zip(*rows, strict=True))
        return results, tuple(None if result is None else 0 for result in results)


class _Recorded(torch.autograd.Function):
    """One call of an operator in autograd's graph."""

    @staticmethod
    def forward(
        ctx: Any, operator: Operator, keys: Any, plan: Plan | None, settings: Sequence[Any], *tensors: Any
    ) -> tuple[Tensor | None, ...]:
        arguments = (*tensors, *settings)
        results = operator.run_below(keys, plan, arguments)
        saved = results[RESULTS]
        ctx.set_materialize_grads(False)
        ctx.operator, ctx.plan, ctx.settings = operator, plan, settings
        outputs = results[0] if saved is not None else None  # else they are computed again
        ctx.save_for_backward(*tensors, outputs, saved)
        if plan is not None:
            return results[:RESULTS]
        if saved is not None:
            ctx.mark_non_differentiable(saved)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        found = ctx.operator.gradients(ctx, grads[:RESULTS])
        return None, None, None, None, *found, *_WITHOUT


_WITHOUT = (None,) * (TENSORS - DIFFERENTIABLE)


def _of_backward(arguments: Sequence[Any]) -> tuple[Arguments, Sequence[Any]]:
    """The arguments of the forward operator, and what the backward one has beside them."""
    number = len(Arguments._fields)
    return Arguments(*arguments[:number]), arguments[number:]


def _plain_gradients(
    plain: Callable[[Arguments], tuple[Tensor, ...]],
    given: Arguments,
    needed: Sequence[bool],
    grads: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """The gradients by plain operations, which can be differentiated again."""
    # An alias of each argument: one may have been computed from another (layers that share weights).
    inner: Any = [None if tensor is None else tensor.view_as(tensor) for tensor in differentiable(given)]
    results = plain(Arguments(*inner, *given[DIFFERENTIABLE:]))
    wanted = [number for number in range(DIFFERENTIABLE) if needed[number]]
    present = [number for number, grad in enumerate(grads) if grad is not None and number < len(results)]
    gradients: list[Tensor | None] = [None] * DIFFERENTIABLE
    if not present or not wanted:
        return gradients
    found = torch.autograd.grad(
        [results[number] for number in present],
        [inner[number] for number in wanted],
        [grads[number] for number in present],
        create_graph=True,
        allow_unused=True,
    )
    for number, gradient in zip(wanted, found, strict=True):
        gradients[number] = gradient
    return gradients

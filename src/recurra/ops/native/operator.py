"""The engine's recurrences as torch operators, so that compile, export, autocast and vmap know them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from recurra.ops.native.arguments import (
    DIFFERENTIABLE,
    PARAMETERS,
    Arguments,
    Saved,
    Sizes,
    check_call,
    differentiable,
    empty_padded,
    room_for_saved,
    room_for_states,
)
from recurra.ops.native.layer import Gradients, backward, forward, room_for_gradients
from recurra.ops.walk import side_by_side
from recurra.ops.watched import is_watched

Compute = Callable[..., Any]

RESULTS = 3  # outputs, hidden, cell; what is saved follows

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
    saved = [f"Tensor? saved_{field}" for field in Saved._fields]
    LIBRARY.define(f"{cell}({PARAMETERS}) -> ({_tensors(RESULTS + len(saved))})")
    LIBRARY.define(
        f"{cell}_backward({PARAMETERS}, Tensor? outputs, {', '.join(saved)}, Tensor? grad_outputs, "
        f"Tensor? grad_hidden, Tensor? grad_cell, bool wants_input) -> ({_tensors(len(Gradients._fields))})",
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

    def __call__(self, given: Arguments) -> tuple[Tensor | None, ...]:
        """Outputs, last states, and perhaps what is saved."""
        if is_watched(given):
            results: tuple[Tensor | None, ...] = self.overload(*given)
            return results
        return self.record(None, *given)

    def run(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """The engine's results, of what nobody has checked."""
        given = Arguments(*arguments)
        check_call(self.cell, given)
        return forward(self.cell, given)

    def shapes(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Results without numbers."""
        given = Arguments(*arguments)
        sizes = Sizes.of(self.cell, given)
        saved = room_for_saved(self.cell, given, sizes)
        outputs = empty_padded(given, sizes, sizes.directions * sizes.outputs)
        return outputs, *room_for_states(given), *saved

    def run_backward(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """The engine's gradients, of what nobody has checked."""
        given, outputs, saved, rest = _of_backward(arguments)
        check_call(self.cell, given)
        return tuple(backward(self.cell, given, outputs, saved, *rest))

    def gradient_shapes(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Gradients without numbers."""
        given, _, _, (*_, wants_input) = _of_backward(arguments)
        return tuple(room_for_gradients(self.cell, given, Sizes.of(self.cell, given), wants_input))

    def record(self, keys: Any, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Run the operator, and remember what its derivative needs when somebody wants one.

        torch.library.register_autograd does the same, but reads the schema anew at every call, which takes
        longer than a small net.
        """
        if torch.is_grad_enabled() and torch._C._any_requires_grad(*arguments):
            rest = arguments[DIFFERENTIABLE:]
            recorded: tuple[Tensor | None, ...] = _Recorded.apply(
                self, keys, rest, *arguments[:DIFFERENTIABLE]
            )  # type: ignore[no-untyped-call]
            return recorded
        return self.run_below(keys, arguments)

    def run_below(self, keys: Any, arguments: Sequence[Any]) -> tuple[Tensor | None, ...]:
        """The operator without a derivative; the keys are the dispatcher's, None where it is spared."""
        with torch._C._AutoDispatchBelowAutograd():
            if keys is None:
                return forward(self.cell, Arguments(*arguments))
            below = keys & torch._C._after_autograd_keyset
            results: tuple[Tensor | None, ...] = self.overload.redispatch(below, *arguments)
            return results

    def gradients(self, ctx: Any, grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        """The derivatives of the first arguments."""
        tensors, needed = ctx.saved_tensors, ctx.needs_input_grad[3:]
        given, left = Arguments(*tensors[:TENSORS], *ctx.settings), tensors[TENSORS:]
        if torch.is_grad_enabled():
            with torch.autocast("cpu", enabled=False):
                return _plain_gradients(self.plain, given, needed, grads)
        if is_watched(tensors) or is_watched(grads):
            found = Gradients(*self.backward_overload(*given, *left, *grads, needed[0]))
        else:
            grad_outputs, grad_hidden, grad_cell = grads
            outputs, saved = left[0], Saved(*left[1:])
            found = backward(
                self.cell, given, outputs, saved, grad_outputs, grad_hidden, grad_cell, needed[0]
            )
        if given.bias_hh is not None and found.bias_hh is None:
            return found._replace(bias_hh=found.bias_ih)
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
        ctx: Any, operator: Operator, keys: Any, rest: Sequence[Any], *tensors: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        arguments = (*tensors, *rest)
        results = operator.run_below(keys, arguments)
        saved = results[RESULTS:]
        ctx.set_materialize_grads(False)
        ctx.operator, ctx.settings = operator, arguments[TENSORS:]
        outputs = results[0] if Arguments(*arguments).saves else None  # else they are computed again
        ctx.save_for_backward(*arguments[:TENSORS], outputs, *saved)
        if keys is None:
            return results[:RESULTS]
        ctx.mark_non_differentiable(*(tensor for tensor in saved if tensor is not None))
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        return None, None, None, *ctx.operator.gradients(ctx, grads[:RESULTS])


def _of_backward(arguments: Sequence[Any]) -> tuple[Arguments, Tensor | None, Saved, Sequence[Any]]:
    """The arguments of the backward operator: those of the forward one, its results, and the gradients."""
    given, outputs, *rest = (
        Arguments(*arguments[: len(Arguments._fields)]),
        *arguments[len(Arguments._fields) :],
    )
    return given, outputs, Saved(*rest[: len(Saved._fields)]), rest[len(Saved._fields) :]


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

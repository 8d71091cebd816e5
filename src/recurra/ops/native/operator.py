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
    differentiable,
    empty_padded,
    room_for_saved,
    room_for_states,
)
from recurra.ops.native.backward import Gradients, backward
from recurra.ops.native.forward import forward

Plain = Callable[[Arguments], tuple[Tensor, ...]]

RESULTS = 3  # outputs, hidden, cell; what is saved follows

LIBRARY: Any = torch.library.Library("recurra", "FRAGMENT")  # type: ignore[no-untyped-call]


def define_operator(cell: str, plain: Plain) -> Any:
    """Register `recurra::<cell>` and `recurra::<cell>_backward`, and return the former.

    Args:
        cell: One of the engine's cells.
        plain: The same function in plain operations, without what is saved; second derivatives go through it.
    """
    name, backward_name = f"recurra::{cell}", f"recurra::{cell}_backward"
    saved = [f"Tensor? saved_{field}" for field in Saved._fields]
    LIBRARY.define(f"{cell}({PARAMETERS}) -> ({_tensors(RESULTS + len(saved))})")
    LIBRARY.define(
        f"{cell}_backward({PARAMETERS}, Tensor? outputs, {', '.join(saved)}, Tensor? grad_outputs, "
        f"Tensor? grad_hidden, Tensor? grad_cell, bool wants_input) -> ({_tensors(len(Gradients._fields))})",
    )
    operator = getattr(torch.ops.recurra, cell).default
    definition = _Definition(cell, plain, operator, getattr(torch.ops.recurra, f"{cell}_backward").default)
    LIBRARY.impl(cell, definition.run, "CPU")
    LIBRARY.impl(f"{cell}_backward", definition.run_backward, "CPU")
    LIBRARY.impl(cell, definition.record, "Autograd", with_keyset=True)
    torch.library.register_fake(name, definition.shapes, lib=LIBRARY)
    torch.library.register_fake(backward_name, definition.gradient_shapes, lib=LIBRARY)
    torch.library.register_autocast(name, "cpu", torch.float32, lib=LIBRARY)
    torch.library.register_vmap(name, definition.run_batched, lib=LIBRARY)
    return operator


def _tensors(number: int) -> str:
    return ", ".join(["Tensor"] * number)


class _Definition:
    """What torch asks of an operator."""

    def __init__(self, cell: str, plain: Plain, operator: Any, backward_operator: Any) -> None:
        self.cell, self.plain = cell, plain
        self.operator, self.backward_operator = operator, backward_operator

    def run(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        return forward(self.cell, Arguments(*arguments))

    def shapes(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        given = Arguments(*arguments)
        sizes = Sizes.of(self.cell, given)
        saved = room_for_saved(self.cell, given, sizes)
        outputs = empty_padded(given, sizes, sizes.directions * sizes.outputs)
        return outputs, *room_for_states(given), *saved

    def run_backward(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        given, outputs, saved, rest = _of_backward(arguments)
        return tuple(backward(self.cell, given, outputs, saved, *rest))

    def gradient_shapes(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        given, _, _, (*_, wants_input) = _of_backward(arguments)
        return tuple(_gradient_shapes(self.cell, given, wants_input))

    def record(self, keys: Any, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Run the operator, and remember what its derivative needs when somebody wants one.

        torch.library.register_autograd does the same, but reads the schema anew at every call, which takes
        longer than a small net.
        """
        if torch.is_grad_enabled() and torch._C._any_requires_grad(*arguments):
            recorded: tuple[Tensor | None, ...] = _Recorded.apply(self, keys, *arguments)  # type: ignore[no-untyped-call]
            return recorded
        return self.run_below(keys, arguments)

    def run_below(self, keys: Any, arguments: Sequence[Any]) -> tuple[Tensor | None, ...]:
        """The operator without a derivative."""
        with torch._C._AutoDispatchBelowAutograd():
            if _is_left_to_cpu(keys):
                return self.run(*arguments)
            results: tuple[Tensor | None, ...] = self.operator.redispatch(
                keys & torch._C._after_autograd_keyset, *arguments
            )
            return results

    def gradients(self, ctx: Any, grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        """The derivatives of the first arguments."""
        arguments = list(ctx.values)
        tensors = ctx.saved_tensors
        for place, tensor in zip(ctx.places, tensors, strict=False):
            arguments[place] = tensor
        given = Arguments(*arguments)
        needed = ctx.needs_input_grad[2:]
        if torch.is_grad_enabled():
            return _plain_gradients(self.plain, given, needed, grads)
        left = tensors[len(ctx.places) :]
        found = Gradients(*self.backward_operator(*given, *left, *grads, needed[0]))
        if given.bias_hh is not None and found.bias_hh is None:
            return found._replace(bias_hh=found.bias_ih)
        return found

    def run_batched(self, info: Any, in_dims: Sequence[Any], *arguments: Any) -> tuple[Any, Any]:
        """One call after another, the results stacked."""
        dims = list(zip(arguments, in_dims, strict=True))
        rows = [
            self.operator(*(value if dim is None else value.select(dim, number) for value, dim in dims))
            for number in range(info.batch_size)
        ]
        results = tuple(None if parts[0] is None else torch.stack(parts) for parts in zip(*rows, strict=True))
        return results, tuple(None if result is None else 0 for result in results)


def _is_left_to_cpu(keys: Any) -> bool:
    """Whether nobody below autograd wants to see the operator, so that the dispatcher can be spared."""
    below = keys & torch._C._after_autograd_keyset
    return bool(below.highestPriorityTypeId() == torch._C.DispatchKey.CPU)


class _Recorded(torch.autograd.Function):
    """One call of an operator in autograd's graph."""

    @staticmethod
    def forward(ctx: Any, definition: _Definition, keys: Any, *arguments: Any) -> tuple[Tensor | None, ...]:
        results = definition.run_below(keys, arguments)
        given, saved = Arguments(*arguments), results[RESULTS:]
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(tensor for tensor in saved if tensor is not None))
        ctx.definition, ctx.is_left_to_cpu = definition, _is_left_to_cpu(keys)
        ctx.places = [place for place, value in enumerate(arguments) if isinstance(value, Tensor)]
        ctx.values = [None if isinstance(value, Tensor) else value for value in arguments]
        outputs = results[0] if given.saves else None  # else they are computed again
        ctx.save_for_backward(*(arguments[place] for place in ctx.places), outputs, *saved)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        found = ctx.definition.gradients(ctx, grads[:RESULTS])
        none = (None,) * (len(ctx.values) - DIFFERENTIABLE)
        return None, None, *found, *none


def _of_backward(arguments: Sequence[Any]) -> tuple[Arguments, Tensor | None, Saved, Sequence[Any]]:
    """The arguments of the backward operator: those of the forward one, its results, and the gradients."""
    given, outputs, *rest = (
        Arguments(*arguments[: len(Arguments._fields)]),
        *arguments[len(Arguments._fields) :],
    )
    return given, outputs, Saved(*rest[: len(Saved._fields)]), rest[len(Saved._fields) :]


def _gradient_shapes(cell: str, given: Arguments, wants_input: bool) -> Gradients:
    def like(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.new_empty(tensor.shape)

    shapes: dict[str, Any] = {name: like(getattr(given, name)) for name in Gradients._fields}
    sizes = Sizes.of(cell, given)
    shapes["input"] = empty_padded(given, sizes, sizes.features) if wants_input else None
    if cell != "gru":
        shapes["bias_hh"] = None
    return Gradients(**shapes)


def _plain_gradients(
    plain: Plain, given: Arguments, needed: Sequence[bool], grads: Sequence[Tensor | None]
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

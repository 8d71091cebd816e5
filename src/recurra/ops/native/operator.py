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
    empty_outputs,
    room_for_saved,
)
from recurra.ops.native.backward import Gradients, backward
from recurra.ops.native.forward import forward

Plain = Callable[[Arguments], tuple[Tensor, ...]]

RESULTS = 3  # outputs, hidden, cell; what is saved follows


def define_operator(cell: str, plain: Plain) -> Any:
    """Register `recurra::<cell>` and `recurra::<cell>_backward`, and return the former.

    Args:
        cell: One of the engine's cells.
        plain: The same function in plain operations, without what is saved; second derivatives go through it.
    """
    definition = _Definition(cell, plain)
    name, backward_name = f"recurra::{cell}", f"recurra::{cell}_backward"
    saved = [f"Tensor saved_{field}" for field in Saved._fields]
    torch.library.define(name, f"({PARAMETERS}) -> ({_tensors(RESULTS + len(saved))})")
    torch.library.define(
        backward_name,
        f"({PARAMETERS}, Tensor outputs, {', '.join(saved)}, Tensor? grad_outputs, Tensor? grad_hidden, "
        f"Tensor? grad_cell, bool wants_input) -> ({_tensors(len(Gradients._fields))})",
    )
    torch.library.impl(name, "CPU")(definition.run)
    torch.library.impl(backward_name, "CPU")(definition.run_backward)
    torch.library.register_fake(name)(definition.shapes)
    torch.library.register_fake(backward_name)(definition.gradient_shapes)
    torch.library.register_autograd(name, definition.differentiate, setup_context=definition.remember)
    torch.library.register_autocast(name, "cpu", torch.float32)
    torch.library.register_vmap(name)(definition.run_batched)
    return definition.operator()


def _tensors(number: int) -> str:
    return ", ".join(["Tensor"] * number)


class _Definition:
    """What torch asks of an operator."""

    def __init__(self, cell: str, plain: Plain) -> None:
        self.cell, self.plain = cell, plain

    def operator(self) -> Any:
        return getattr(torch.ops.recurra, self.cell)

    def run(self, *arguments: Any) -> tuple[Tensor, ...]:
        return forward(self.cell, Arguments(*arguments))

    def shapes(self, *arguments: Any) -> tuple[Tensor, ...]:
        given = Arguments(*arguments)
        sizes = Sizes.of(self.cell, given)
        outputs = empty_outputs(given, sizes)
        hidden = torch.empty_like(given.hidden, memory_format=torch.contiguous_format)
        last_cell = outputs.new_empty(0) if given.cell is None else torch.empty_like(given.cell).contiguous()
        return outputs, hidden, last_cell, *room_for_saved(self.cell, given, sizes)

    def run_backward(self, *arguments: Any) -> tuple[Tensor, ...]:
        given, outputs, saved, rest = _of_backward(arguments)
        return tuple(backward(self.cell, given, outputs, saved, *rest))

    def gradient_shapes(self, *arguments: Any) -> tuple[Tensor, ...]:
        given, _, _, (*_, wants_input) = _of_backward(arguments)
        return tuple(_gradient_shapes(self.cell, given, wants_input))

    def remember(self, ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*output[RESULTS:])
        ctx.places = [isinstance(value, Tensor) for value in inputs]
        ctx.values = [None if isinstance(value, Tensor) else value for value in inputs]
        tensors = [value for value in inputs if isinstance(value, Tensor)]
        nothing = output[RESULTS]
        outputs = output[0] if Arguments(*inputs).saves else nothing  # else they are computed again
        ctx.save_for_backward(*tensors, outputs, *output[RESULTS:])

    def differentiate(self, ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        tensors = list(ctx.saved_tensors)
        places = zip(ctx.places, ctx.values, strict=True)
        given = Arguments(*(tensors.pop(0) if is_tensor else value for is_tensor, value in places))
        none = [None] * (len(given) - DIFFERENTIABLE)
        if torch.is_grad_enabled():
            return *_plain_gradients(self.plain, given, ctx.needs_input_grad, grads[:RESULTS]), *none
        operator = getattr(torch.ops.recurra, f"{self.cell}_backward")
        found = Gradients(*operator(*given, *tensors, *grads[:RESULTS], ctx.needs_input_grad[0]))
        return *_by_argument(self.cell, given, found), *none

    def run_batched(self, info: Any, in_dims: Sequence[Any], *arguments: Any) -> tuple[Any, Any]:
        """One call after another, the results stacked."""
        dims = list(zip(arguments, in_dims, strict=True))
        rows = [
            self.operator()(*(value if dim is None else value.select(dim, number) for value, dim in dims))
            for number in range(info.batch_size)
        ]
        results = tuple(torch.stack(parts) for parts in zip(*rows, strict=True))
        return results, tuple(0 for _ in results)


def _of_backward(arguments: Sequence[Any]) -> tuple[Arguments, Tensor, Saved, Sequence[Any]]:
    """The arguments of the backward operator: those of the forward one, its results, and the gradients."""
    given, outputs, *rest = (
        Arguments(*arguments[: len(Arguments._fields)]),
        *arguments[len(Arguments._fields) :],
    )
    return given, outputs, Saved(*rest[: len(Saved._fields)]), rest[len(Saved._fields) :]


def _gradient_shapes(cell: str, given: Arguments, wants_input: bool) -> Gradients:
    sizes = Sizes.of(cell, given)
    nothing = given.input.new_empty(0)

    def like(tensor: Tensor | None) -> Tensor:
        return nothing.clone() if tensor is None else torch.empty_like(tensor).contiguous()

    inner = sizes.hidden if cell == "gru" else 0
    return Gradients(
        input=torch.empty_like(given.input) if wants_input else nothing.clone(),
        weight_ih=like(given.weight_ih),
        weight_hh=like(given.weight_hh),
        bias=nothing.new_empty(sizes.directions, sizes.gates * sizes.hidden),
        bias_candidate=nothing.new_empty(sizes.directions, inner),
        peepholes=like(given.peepholes),
        projection=like(given.projection),
        gain_ih=like(given.gain_ih),
        gains=nothing.new_empty(0 if given.gain_hh is None else (sizes.directions, 6 * sizes.hidden)),
        hidden=like(given.hidden),
        cell=like(given.cell),
    )


def _by_argument(cell: str, given: Arguments, found: Gradients) -> list[Tensor | None]:
    """The gradients in the order of the arguments, None where an argument is left out."""
    sizes = Sizes.of(cell, given)
    bias_hh = found.bias
    if cell == "gru":
        bias_hh = torch.cat([found.bias[:, : 2 * sizes.hidden], found.bias_candidate], dim=1)
    gain_hh = gain_cell = bias_cell = found.gains
    if given.gain_hh is not None:
        widths = [4 * sizes.hidden, sizes.hidden, sizes.hidden]
        gain_hh, gain_cell, bias_cell = torch.split(found.gains, widths, dim=1)
    in_order = [
        found.input, found.weight_ih, found.weight_hh, found.bias, bias_hh, found.peepholes, found.projection,
        found.gain_ih, gain_hh, gain_cell, bias_cell, found.hidden, found.cell,
    ]  # fmt: skip
    return [
        None if argument is None or (not gradient.numel() and argument.numel()) else gradient
        for argument, gradient in zip(differentiable(given), in_order, strict=True)
    ]


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

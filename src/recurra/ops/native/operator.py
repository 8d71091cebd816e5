"""The engine's recurrences as torch operators, so that compile, export, autocast and vmap know them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from recurra.ops.native.arguments import DIFFERENTIABLE, PARAMETERS, TENSORS, Arguments
from recurra.ops.native.layer import backward, forward
from recurra.ops.native.plan import Plan
from recurra.ops.native.recorded import RESULTS, Dispatched, Planned
from recurra.ops.native.sizes import BIAS_HH, Sizes, check_call, empty_gradients, empty_like, empty_padded
from recurra.ops.walk import side_by_side

Compute = Callable[..., Any]

ROWS: Mapping[str, int] = MappingProxyType({
    **dict.fromkeys(("input", "lengths", "resets"), 0),
    **dict.fromkeys(("hidden", "cell", "mask", "kept_hidden", "kept_cell"), 1),
})  # fmt: skip
"""The arguments that have something for each row of a batch, and on which axis."""

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
    for one, overload in ((cell, operator.overload), (f"{cell}_backward", operator.backward_overload)):
        LIBRARY.impl(one, partial(_without_autocast, overload), "AutocastCPU")
    return operator


def _without_autocast(overload: Callable[..., Any], *arguments: Any) -> Any:
    """An operator under autocast, whose products would be of another type than the engine's tensors.

    torch.library.register_autocast does the same, from torch 2.7 on.
    """
    with torch._C._ExcludeDispatchKeyGuard(_AUTOCAST):
        return overload(*[_in_full_precision(one) for one in arguments])


def _in_full_precision(value: Any) -> Any:
    is_half = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if is_half else value


_AUTOCAST = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)


def _tensors(number: int) -> str:
    return ", ".join(["Tensor"] * number)


class Operator:
    """A recurrence of the engine, and what torch asks of an operator."""

    def __init__(self, cell: str, plain: Callable[[Arguments], tuple[Tensor, ...]]) -> None:
        self.cell, self.plain = cell, plain
        self.overload = getattr(torch.ops.recurra, cell).default
        self.backward_overload = getattr(torch.ops.recurra, f"{cell}_backward").default

    def __call__(self, plan: Plan, tensors: Sequence[Tensor | None]) -> Sequence[Tensor]:
        """Outputs and last states of a call that nobody watches, past torch's dispatcher.

        Args:
            plan: Of the call.
            tensors: Those of the call.
        """
        if plan.is_recorded:
            recorded: Sequence[Tensor] = Planned.apply(self, plan, *tensors)  # type: ignore[no-untyped-call]
            return recorded
        return forward(plan, tensors, saves=False)[0]

    def run(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """The engine's results, of what nobody has checked."""
        given = Arguments(*arguments)
        check_call(self.cell, given)
        (outputs, hidden, *cell), saved = forward(Plan.of(self.cell, given), arguments, saves=given.saves)
        return outputs, hidden, cell[0] if cell else None, saved

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
        needed = (wants_input, *(True,) * (TENSORS - 1))
        found = backward(Plan.of(self.cell, given), given[:TENSORS], outputs, saved, grads, needed)
        return tuple(found[:DIFFERENTIABLE])

    def gradient_shapes(self, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Gradients without numbers."""
        given, (*_, wants_input) = _of_backward(arguments)
        return tuple(empty_gradients(self.cell, given, wants_input))

    def record(self, keys: Any, *arguments: Any) -> tuple[Tensor | None, ...]:
        """Run the operator, and remember what its derivative needs when somebody wants one.

        torch.library.register_autograd does the same, but reads the schema anew at every call, which takes
        longer than a small net.
        """
        tensors = arguments[:TENSORS]
        if torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in tensors):
            recorded: tuple[Tensor | None, ...] = Dispatched.apply(self, keys, arguments[TENSORS:], *tensors)  # type: ignore[no-untyped-call]
            return recorded
        return self.run_below(keys, arguments)

    def run_below(self, keys: Any, arguments: Sequence[Any]) -> tuple[Tensor | None, ...]:
        """The operator without a derivative, by the dispatcher, whose keys these are."""
        with torch._C._AutoDispatchBelowAutograd():
            below = keys & torch._C._after_autograd_keyset
            results: tuple[Tensor | None, ...] = self.overload.redispatch(below, *arguments)
            return results

    def gradients(
        self,
        given: Arguments,
        outputs: Tensor | None,
        saved: Tensor | None,
        grads: Sequence[Tensor | None],
        wants_input: bool,
    ) -> list[Tensor | None]:
        """The derivatives of the first arguments, by the dispatcher; grads as of `layer.backward`."""
        padded = (*grads, None)[:RESULTS]
        found = list(self.backward_overload(*given, outputs, saved, *padded, wants_input))
        if given.bias_hh is not None and found[BIAS_HH] is None:
            found[BIAS_HH] = found[BIAS_HH - 1]  # that of bias_ih
        return found

    def run_batched(self, info: Any, in_dims: Sequence[Any], *arguments: Any) -> tuple[Any, Any]:
        """Under vmap: one call of more rows, or one after another where each has weights of its own."""
        given, dims, number = Arguments(*arguments), Arguments(*in_dims), info.batch_size
        if any(dim is not None for name, dim in dims._asdict().items() if name not in ROWS):
            return self._one_by_one(number, given, dims)
        rows: dict[str, Any] = {
            name: _with_rows(getattr(given, name), getattr(dims, name), axis, number)
            for name, axis in ROWS.items()
        }
        outputs, hidden, cell, _ = self.overload(*given._replace(**rows))
        parted = [
            (None, None) if one is None else (one.unflatten(axis, (number, -1)), axis)
            for one, axis in ((outputs, 0), (hidden, ROWS["hidden"]), (cell, ROWS["cell"]))
        ]
        results, axes = zip(*parted, strict=True)
        return (*results, None), (*axes, None)

    def _one_by_one(self, number: int, given: Sequence[Any], dims: Sequence[Any]) -> tuple[Any, Any]:
        pairs = list(zip(given, dims, strict=True))
        calls = [
            self.overload(*(value if dim is None else value.select(dim, place) for value, dim in pairs))
            for place in range(number)
        ]
        results = tuple(
            None if parts[0] is None else torch.stack(parts) for parts in zip(*calls, strict=True)
        )
        return results, tuple(None if result is None else 0 for result in results)


def _with_rows(tensor: Tensor | None, dim: int | None, axis: int, number: int) -> Tensor | None:
    """A tensor with the rows of so many calls, which `dim` counts; None: all of them have the same."""
    if tensor is None:
        return None
    if dim is None:
        apart = tensor.unsqueeze(axis).expand(*tensor.shape[:axis], number, *tensor.shape[axis:])
    else:
        apart = tensor.movedim(dim, axis)
    return apart.flatten(axis, axis + 1)


def _of_backward(arguments: Sequence[Any]) -> tuple[Arguments, Sequence[Any]]:
    """The arguments of the forward operator, and what the backward one has beside them."""
    number = len(Arguments._fields)
    return Arguments(*arguments[:number]), arguments[number:]

"""One call of the engine: a whole layer forward or back, torch's tensors as the addresses that it takes."""

from collections.abc import Mapping, Sequence
from operator import attrgetter, itemgetter
from types import MappingProxyType

import torch
from torch import Tensor
from torch.utils import deterministic

from recurra.ops.native.arguments import DIFFERENTIABLE, Arguments
from recurra.ops.native.plan import (
    NUMBERS,
    SAVED,
    Plan,
    empty_gradients,
    empty_like,
    empty_padded,
    is_time_major,
)
from recurra.types import out_of_range

TAKEN: Mapping[str, str] = MappingProxyType({
    **{name: name for name in ("lengths", "resets", "input", "weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    "projection": "weight_hr",
    "peepholes": "weight_peephole",
    **{name: name for name in ("gain_ih", "gain_hh", "gain_cell", "bias_cell")},
    "hidden_first": "hidden",
    "cell_first": "cell",
    **{name: name for name in ("mask", "kept_hidden", "kept_cell")},
})  # fmt: skip
"""The tensors that the engine is given, by its names for them, and what an operator calls them."""

RESULTS = ("outputs", "hidden_last", "cell_last")

DIFFERENTIATED = tuple(name for name, own in TAKEN.items() if own in Arguments._fields[:DIFFERENTIABLE])

FIELDS = (
    *NUMBERS, *TAKEN, *RESULTS, *SAVED, *(f"grad_{name}" for name in (*RESULTS, *DIFFERENTIATED)),
)  # fmt: skip
"""All that a call is given, in the order in which the engine takes it."""

_TAKEN, _INPUT = attrgetter(*TAKEN.values()), list(TAKEN).index("input")
_ORDERED = itemgetter(*(Arguments._fields.index(TAKEN[name]) for name in DIFFERENTIATED))
_NOTHING = (None,) * (len(RESULTS) + DIFFERENTIABLE)


def forward(plan: Plan, given: Arguments) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """Outputs, last hidden state, last cell state, and what is saved; None where there is none."""
    outputs = empty_padded(given, given.hidden.shape[0] * given.hidden.shape[2])
    hidden, cell = empty_like(given.hidden), empty_like(given.cell)
    saved = given.input.new_empty(plan.room) if given.saves else None
    _run(plan, given, (outputs, hidden, cell), saved, _NOTHING, backward=False)
    return outputs, hidden, cell, saved


def backward(
    cell: str,
    plan: Plan,
    given: Arguments,
    outputs: Tensor | None,
    saved: Tensor | None,
    grads: Sequence[Tensor | None],
    wants_input: bool,
) -> list[Tensor | None]:
    """The gradients of the first arguments, as `empty_gradients` makes room for them.

    Args:
        cell: Which cell.
        plan: Of the call.
        given: The arguments of the forward pass.
        outputs: Its outputs.
        saved: What it kept; when that is nothing, it is run again.
        grads: Gradients of its outputs and last states; None where there is none.
        wants_input: Whether the input needs a gradient, which costs a product.
    """
    if outputs is None or saved is None:
        outputs, _, _, saved = forward(plan, given._replace(saves=True))
    of_outputs, *of_states = grads
    found = empty_gradients(cell, given, wants_input)
    grads = (
        None if of_outputs is None else _as_input_lies(of_outputs, given.input),
        *(None if grad is None else grad.contiguous() for grad in of_states),
        *_ORDERED(found),
    )
    _run(plan, given, (_as_input_lies(outputs, given.input), None, None), saved, grads, backward=True)
    return found


def _run(
    plan: Plan,
    given: Arguments,
    results: Sequence[Tensor | None],
    saved: Tensor | None,
    grads: Sequence[Tensor | None],
    *,
    backward: bool,
) -> None:
    taken = [None if one is None else one.contiguous() for one in _TAKEN(given)]
    taken[_INPUT] = _as_input_lies(given.input, given.input)
    start = 0 if saved is None else saved.data_ptr()
    fields = (
        *plan.numbers,
        _fills_fresh_memory(),
        *plan.rates,
        *[0 if one is None else one.data_ptr() for one in (*taken, *results)],
        *[start + place if start and place is not None else 0 for place in plan.saved],
        *[0 if one is None else one.data_ptr() for one in grads],
    )
    try:
        plan.run(backward, fields, torch.get_num_threads())
    except ValueError as error:  # in a compiled program nobody sees the lengths before
        raise out_of_range(str(error), given.input) from None


def _fills_fresh_memory() -> int:
    """Whether torch fills memory that nobody has written yet, so that nobody reads it."""
    return int(
        torch.are_deterministic_algorithms_enabled() and deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    )


def _as_input_lies(tensor: Tensor, input: Tensor) -> Tensor:
    """A (batch, time, size) tensor in the order in memory that the input has."""
    if is_time_major(input):
        return tensor.transpose(0, 1).contiguous().transpose(0, 1)
    return tensor.contiguous()

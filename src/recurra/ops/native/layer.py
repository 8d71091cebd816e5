"""One call of the engine: a whole layer forward or back, torch's tensors as the addresses that it takes."""

from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import deterministic

from recurra import native
from recurra.errors import ShapeError
from recurra.ops.native.arguments import (
    ELMAN,
    REVERSE,
    Arguments,
    Saved,
    Sizes,
    empty_padded,
    is_time_major,
    room_for_saved,
    room_for_states,
)

_RUN = {torch.float32: "run_float32", torch.float64: "run_float64"}


class Gradients(NamedTuple):
    """The gradients of an operator's arguments; None where there is no such argument or nobody asked."""

    input: Tensor | None
    weight_ih: Tensor
    weight_hh: Tensor
    hidden: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None  # None too where it is that of bias_ih
    weight_hr: Tensor | None
    weight_peephole: Tensor | None
    gain_ih: Tensor | None
    gain_hh: Tensor | None
    gain_cell: Tensor | None
    bias_cell: Tensor | None
    cell: Tensor | None


class Results(NamedTuple):
    """Where a call's results go, and what it takes from the forward pass; None where there is nothing."""

    outputs: Tensor | None = None
    hidden_last: Tensor | None = None
    cell_last: Tensor | None = None
    gates: Tensor | None = None
    cells: Tensor | None = None
    extra: Tensor | None = None
    products: Tensor | None = None
    moments: Tensor | None = None
    grad_outputs: Tensor | None = None
    grad_hidden_last: Tensor | None = None
    grad_cell_last: Tensor | None = None
    grad_input: Tensor | None = None
    grad_weight_ih: Tensor | None = None
    grad_weight_hh: Tensor | None = None
    grad_bias_ih: Tensor | None = None
    grad_bias_hh: Tensor | None = None
    grad_projection: Tensor | None = None
    grad_peepholes: Tensor | None = None
    grad_gain_ih: Tensor | None = None
    grad_gain_hh: Tensor | None = None
    grad_gain_cell: Tensor | None = None
    grad_bias_cell: Tensor | None = None
    grad_hidden_first: Tensor | None = None
    grad_cell_first: Tensor | None = None


NUMBERS = (
    "cell", "nonlinearity", "directions", "reverse", "batch", "steps", "features", "hidden", "outputs_size",
    "time_major", "saved_rows", "fills", "epsilon", "rate_hidden", "rate_cell",
)  # fmt: skip
"""The numbers of a call in the order in which the engine takes them."""
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

_TAKEN, _INPUT = attrgetter(*TAKEN.values()), list(TAKEN).index("input")


def forward(cell: str, given: Arguments) -> tuple[Tensor | None, ...]:
    """Outputs, last hidden state, last cell state, and what `Saved` names; None where there is none."""
    sizes = Sizes.of(cell, given)
    outputs = empty_padded(given, sizes, sizes.directions * sizes.outputs)
    hidden, last_cell = room_for_states(given)
    saved = room_for_saved(cell, given, sizes)
    _run(cell, given, sizes, Results(outputs, hidden, last_cell, *saved), backward=False)
    return outputs, hidden, last_cell, *saved


def backward(
    cell: str,
    given: Arguments,
    outputs: Tensor | None,
    saved: Saved,
    grad_outputs: Tensor | None,
    grad_hidden: Tensor | None,
    grad_cell: Tensor | None,
    wants_input: bool,
) -> Gradients:
    """All gradients.

    Args:
        cell: Which cell.
        given: The arguments of the forward pass.
        outputs: Its outputs.
        saved: What it kept; when that is nothing, it is run again.
        grad_outputs: Gradients of its results; None where there is none.
        grad_hidden: As before.
        grad_cell: As before.
        wants_input: Whether the input needs a gradient, which costs a product.
    """
    if outputs is None or saved.gates is None:
        again: Any = forward(cell, given._replace(saves=True))
        outputs, _, _, *kept = again
        saved = Saved(*kept)
    sizes = Sizes.of(cell, given)
    found = room_for_gradients(cell, given, sizes, wants_input)
    results = Results(
        _as_input_lies(outputs, given.input), None, None, *saved,
        None if grad_outputs is None else _as_input_lies(grad_outputs, given.input),
        None if grad_hidden is None else grad_hidden.contiguous(),
        None if grad_cell is None else grad_cell.contiguous(),
        found.input, found.weight_ih, found.weight_hh, found.bias_ih, found.bias_hh, found.weight_hr,
        found.weight_peephole, found.gain_ih, found.gain_hh, found.gain_cell, found.bias_cell, found.hidden,
        found.cell,
    )  # fmt: skip
    _run(cell, given, sizes, results, backward=True)
    return found


def room_for_gradients(cell: str, given: Arguments, sizes: Sizes, wants_input: bool) -> Gradients:
    """Room for a gradient of each argument that has one."""
    make = given.input.new_empty

    def like(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else make(tensor.shape)

    return Gradients(
        empty_padded(given, sizes, sizes.features) if wants_input else None,
        make(given.weight_ih.shape),
        make(given.weight_hh.shape),
        make(given.hidden.shape),
        like(given.bias_ih),
        like(given.bias_hh) if cell == "gru" else None,
        like(given.weight_hr),
        like(given.weight_peephole),
        like(given.gain_ih),
        like(given.gain_hh),
        like(given.gain_cell),
        like(given.bias_cell),
        like(given.cell),
    )


def _run(cell: str, given: Arguments, sizes: Sizes, results: Results, *, backward: bool) -> None:
    taken = [None if one is None else one.contiguous() for one in _TAKEN(given)]
    taken[_INPUT] = _as_input_lies(given.input, given.input)
    engine = native.engine()
    numbers = (
        engine.CELLS.index("elman" if cell in ELMAN else cell),
        ELMAN.index(cell) if cell in ELMAN else 0,
        sizes.directions,
        int(given.direction == REVERSE),
        sizes.batch,
        sizes.steps,
        sizes.features,
        sizes.hidden,
        sizes.outputs,
        int(is_time_major(given.input)),
        0 if results.gates is None else results.gates.shape[1],
        int(_fills_fresh_memory()),
        given.epsilon,
        given.rate_hidden,
        given.rate_cell,
    )
    addresses = [0 if one is None else one.data_ptr() for one in (*taken, *results)]
    call = getattr(engine, _RUN[given.input.dtype])
    try:
        call(backward, (*numbers, *addresses), torch.get_num_threads())
    except ValueError as error:  # in a compiled program nobody sees the lengths before
        raise ShapeError(
            str(error),
            f"between 0 and {sizes.steps}, the number of time steps",
            "Count the valid steps of every row.",
        ) from None


def _fills_fresh_memory() -> bool:
    """Whether torch fills memory that nobody has written yet, so that nobody reads it."""
    return torch.are_deterministic_algorithms_enabled() and bool(
        deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    )


def _as_input_lies(tensor: Tensor, input: Tensor) -> Tensor:
    """A (batch, time, size) tensor in the order in memory that the input has."""
    if is_time_major(input):
        return tensor.transpose(0, 1).contiguous().transpose(0, 1)
    return tensor.contiguous()

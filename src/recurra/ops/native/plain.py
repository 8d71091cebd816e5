"""An operator's function in plain operations: the reference, one direction after another."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from recurra.ops.arguments import without_padding
from recurra.ops.native.arguments import BOTH, REVERSE, Arguments
from recurra.ops.native.operands import STATES, Operands
from recurra.ops.walk import Walk, Zoneout

Run = Callable[[Tensor, Operands, Walk], tuple[Tensor, Any]]


def run_plainly(given: Arguments, run: Run) -> tuple[Tensor, ...]:
    """Outputs and last states, stacked as an operator puts them out.

    Args:
        given: The operator's arguments.
        run: The reference of the cell: (input, operands, walk) -> (outputs, last state).
    """
    directions = len(given.hidden)
    by_name: list[Sequence[Tensor | None]] = []
    for name in Operands._fields:
        tensor = getattr(given, name)
        if tensor is None or name in STATES:
            by_name.append([None] * directions if tensor is None else tensor.unbind(0))
        else:
            by_name.append(tensor.chunk(directions))
    results = []
    for number, operands in enumerate(zip(*by_name, strict=True)):
        clean, walk = without_padding(given.input, _walk_of(given, number))
        results.append(run(clean, Operands(*cast("Any", operands)), walk))
    outputs, states = zip(*results, strict=True)
    return torch.cat(outputs, dim=-1), *(torch.stack(fields) for fields in zip(*states, strict=True))


def _walk_of(given: Arguments, number: int) -> Walk:
    def of(stacked: Tensor | None) -> Tensor | None:
        return None if stacked is None else stacked[number]

    zoneout = None
    if given.rate_hidden or given.rate_cell or given.kept_hidden is not None or given.kept_cell is not None:
        rates = (given.rate_hidden, given.rate_cell)
        masks = (of(given.kept_hidden), of(given.kept_cell))
        fields = 1 if given.cell is None else 2
        zoneout = Zoneout(rates[:fields], masks[:fields])
    is_reverse = given.direction == REVERSE or (given.direction == BOTH and number == 1)
    return Walk(given.lengths, given.resets, of(given.mask), zoneout, is_reverse)

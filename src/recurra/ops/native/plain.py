"""An operator's function in plain operations: the reference, one direction after another."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from recurra.ops.arguments import without_padding
from recurra.ops.native.arguments import BOTH, REVERSE, Arguments
from recurra.ops.native.direction import Direction
from recurra.ops.walk import Walk, Zoneout

Run = Callable[[Tensor, Direction, Walk], tuple[Tensor, Any]]


def run_plainly(given: Arguments, run: Run) -> tuple[Tensor, ...]:
    """Outputs and last states, stacked as an operator puts them out.

    Args:
        given: The operator's arguments.
        run: The reference of the cell: (input, direction, walk) -> (outputs, last state).
    """
    results = []
    for number in range(len(given.weight_hh)):
        fields: dict[str, Any] = {
            name: None if getattr(given, name) is None else getattr(given, name)[number]
            for name in Direction._fields
        }
        clean, walk = without_padding(given.input, _walk_of(given, number))
        results.append(run(clean, Direction(**fields), walk))
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

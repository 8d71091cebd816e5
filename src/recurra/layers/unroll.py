"""A cell over time, one step after another."""

from typing import TypeVar

from torch import Tensor

from recurra.cells import Cell
from recurra.ops.arguments import checked_arguments
from recurra.ops.scan import scan
from recurra.ops.state import State
from recurra.types import Input, Lengths, RecurrentMask, Resets

StateT = TypeVar("StateT", bound=State)


def unroll(
    cell: Cell[StateT],
    input: Input,
    state: StateT,
    *,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    reverse: bool = False,
) -> tuple[Tensor, StateT]:
    """Run any cell over (batch, time, input_size).

    Arguments, results and errors are those of `recurra.ops.lstm.lstm`.
    """
    given = checked_arguments(
        input,
        state,
        input_size=cell.input_size,
        parameter=next(cell.parameters(), input),
        lengths=lengths,
        resets=resets,
        recurrent_mask=recurrent_mask,
    )

    def advance(projected: Tensor, state: StateT) -> tuple[Tensor, StateT]:
        return cell.step(projected, state, recurrent_mask)

    return scan(
        advance,
        cell.project_input(given.input),
        state,
        lengths=given.lengths,
        resets=given.resets,
        reverse=reverse,
    )

"""A cell over time, one step after another."""

from typing import TypeVar

from torch import Tensor

from recurra.cells import Cell
from recurra.ops.arguments import checked_arguments, without_padding
from recurra.ops.scan import scan
from recurra.ops.state import State
from recurra.ops.walk import WHOLE, Walk
from recurra.types import Input

StateT = TypeVar("StateT", bound=State)


def unroll(
    cell: Cell[StateT],
    input: Input,
    state: StateT,
    walk: Walk = WHOLE,
) -> tuple[Tensor, StateT]:
    """Run any cell over (batch, time, input_size).

    Results and errors are those of `recurra.ops.lstm.lstm`.
    """
    parameter = next(cell.parameters(), input)
    walk = checked_arguments(input, state, input_size=cell.input_size, parameter=parameter, walk=walk)
    clean, walk = without_padding(input, walk)

    def advance(projected: Tensor, state: StateT) -> tuple[Tensor, StateT]:
        return cell.step(projected, state, walk.recurrent_mask)

    return scan(advance, cell.project_input(clean), state, walk)

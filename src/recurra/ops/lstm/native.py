"""The LSTM by recurra's compiled engine."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor

from recurra.ops.direction import Course
from recurra.ops.lstm import reference
from recurra.ops.lstm.reference import LSTMState, LSTMWeights
from recurra.ops.native import Arguments, Operands, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(input: Tensor, courses: Sequence[Course]) -> tuple[Tensor, list[LSTMState]]:
    """As `reference.run`: one direction, or the forward and the reverse one at once, side by side."""
    operands = [_operands(course.weights, cast("LSTMState", course.state)) for course in courses]
    outputs, hidden, cell, *_ = _operator(*given_by(input, operands, [course.walk for course in courses]))
    return outputs, [LSTMState(hidden.select(0, n), cell.select(0, n)) for n in range(len(courses))]


def _operands(weights: LSTMWeights, state: LSTMState) -> Operands:
    return Operands(
        weight_ih=weights.weight_ih,
        weight_hh=weights.weight_hh,
        hidden=state.hidden,
        bias_ih=weights.bias_ih,
        bias_hh=weights.bias_hh,
        peepholes=weights.weight_peephole,
        projection=weights.weight_hr,
        cell=state.cell,
    )


def _plain(given: Arguments) -> tuple[Tensor, ...]:
    def one(input: Tensor, operands: Operands, walk: Walk) -> tuple[Tensor, LSTMState]:
        weights = LSTMWeights(
            operands.weight_ih,
            operands.weight_hh,
            operands.bias_ih,
            operands.bias_hh,
            operands.projection,
            operands.peepholes,
        )
        if operands.cell is None:
            raise ValueError("an LSTM has a cell state")
        return reference.run(input, weights, LSTMState(operands.hidden, operands.cell), walk)

    return run_plainly(given, one)


_operator = define_operator("lstm", _plain)

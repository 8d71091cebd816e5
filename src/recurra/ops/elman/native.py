"""The simple recurrent net by recurra's compiled engine."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from torch import Tensor

from recurra.ops.direction import Course
from recurra.ops.elman import reference
from recurra.ops.elman.reference import ElmanState, ElmanWeights
from recurra.ops.native import Arguments, Operands, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(
    input: Tensor, courses: Sequence[Course], *, nonlinearity: str = "tanh"
) -> tuple[Tensor, list[ElmanState]]:
    """As `reference.run`: one direction, or the forward and the reverse one at once, side by side."""
    operands = [_operands(course.weights, cast("ElmanState", course.state)) for course in courses]
    given = given_by(input, operands, [course.walk for course in courses])
    outputs, hidden, *_ = _operators[nonlinearity](*given)
    return outputs, [ElmanState(hidden.select(0, number)) for number in range(len(courses))]


def _operands(weights: ElmanWeights, state: ElmanState) -> Operands:
    return Operands(weights.weight_ih, weights.weight_hh, state.hidden, weights.bias_ih, weights.bias_hh)


def _plain(given: Arguments, *, nonlinearity: str) -> tuple[Tensor, ...]:
    def one(input: Tensor, operands: Operands, walk: Walk) -> tuple[Tensor, ElmanState]:
        weights = ElmanWeights(operands.weight_ih, operands.weight_hh, operands.bias_ih, operands.bias_hh)
        return reference.run(input, weights, ElmanState(operands.hidden), walk, nonlinearity=nonlinearity)

    return run_plainly(given, one)


_operators = {
    "tanh": define_operator("elman", partial(_plain, nonlinearity="tanh")),
    "relu": define_operator("elman_relu", partial(_plain, nonlinearity="relu")),
}

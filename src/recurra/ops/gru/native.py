"""The gated recurrent unit by recurra's compiled engine."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from torch import Tensor

from recurra.ops.direction import Course
from recurra.ops.gru import reference
from recurra.ops.gru.reference import GRUState, GRUWeights
from recurra.ops.native import Arguments, Operands, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(
    input: Tensor, courses: Sequence[Course], *, reset_after: bool = True
) -> tuple[Tensor, list[GRUState]]:
    """As `reference.run`: one direction, or the forward and the reverse one at once, side by side."""
    operands = [_operands(course.weights, cast("GRUState", course.state)) for course in courses]
    given = given_by(input, operands, [course.walk for course in courses])
    outputs, hidden, *_ = _operators[reset_after](*given)
    return outputs, [GRUState(hidden.select(0, number)) for number in range(len(courses))]


def _operands(weights: GRUWeights, state: GRUState) -> Operands:
    return Operands(weights.weight_ih, weights.weight_hh, state.hidden, weights.bias_ih, weights.bias_hh)


def _plain(given: Arguments, *, reset_after: bool) -> tuple[Tensor, ...]:
    def one(input: Tensor, operands: Operands, walk: Walk) -> tuple[Tensor, GRUState]:
        weights = GRUWeights(operands.weight_ih, operands.weight_hh, operands.bias_ih, operands.bias_hh)
        return reference.run(input, weights, GRUState(operands.hidden), walk, reset_after=reset_after)

    return run_plainly(given, one)


_operators = {
    True: define_operator("gru", partial(_plain, reset_after=True)),
    False: define_operator("gru_reset_before", partial(_plain, reset_after=False)),
}

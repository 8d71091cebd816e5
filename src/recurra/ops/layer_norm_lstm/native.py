"""The long short-term memory with layer normalisation by recurra's compiled engine."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor

from recurra.ops.direction import Course
from recurra.ops.layer_norm_lstm import reference
from recurra.ops.layer_norm_lstm.reference import LayerNormLSTMWeights
from recurra.ops.lstm.reference import LSTMState
from recurra.ops.native import Arguments, Operands, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(input: Tensor, courses: Sequence[Course], *, epsilon: float) -> tuple[Tensor, list[LSTMState]]:
    """As `reference.run`: one direction, or the forward and the reverse one at once, side by side."""
    operands = [_operands(course.weights, cast("LSTMState", course.state)) for course in courses]
    given = given_by(input, operands, [course.walk for course in courses], epsilon)
    outputs, hidden, cell, *_ = _operator(*given)
    return outputs, [LSTMState(hidden.select(0, n), cell.select(0, n)) for n in range(len(courses))]


def _operands(weights: LayerNormLSTMWeights, state: LSTMState) -> Operands:
    return Operands(
        weight_ih=weights.weight_ih,
        weight_hh=weights.weight_hh,
        hidden=state.hidden,
        bias_ih=weights.bias,
        gain_ih=weights.gain_ih,
        gain_hh=weights.gain_hh,
        gain_cell=weights.gain_cell,
        bias_cell=weights.bias_cell,
        cell=state.cell,
    )


def _plain(given: Arguments) -> tuple[Tensor, ...]:
    def one(input: Tensor, operands: Operands, walk: Walk) -> tuple[Tensor, LSTMState]:
        weights = LayerNormLSTMWeights(
            *(
                _present(tensor)
                for tensor in (
                    operands.weight_ih,
                    operands.weight_hh,
                    operands.bias_ih,
                    operands.gain_ih,
                    operands.gain_hh,
                    operands.gain_cell,
                    operands.bias_cell,
                )
            )
        )
        state = LSTMState(operands.hidden, _present(operands.cell))
        return reference.run(input, weights, state, walk, epsilon=given.epsilon)

    return run_plainly(given, one)


def _present(tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise ValueError("a layer-norm LSTM has all of its weights and a cell state")
    return tensor


_operator = define_operator("layer_norm_lstm", _plain)

"""The LSTM by recurra's compiled engine."""

from collections.abc import Sequence

from torch import Tensor

from recurra.ops.lstm import reference
from recurra.ops.lstm.reference import LSTMState, LSTMWeights
from recurra.ops.native import Arguments, Direction, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(input: Tensor, weights: LSTMWeights, state: LSTMState, walk: Walk) -> tuple[Tensor, LSTMState]:
    """As `reference.run`."""
    outputs, (final,) = run_directions(input, [weights], [state], [walk])
    return outputs, final


def run_directions(
    input: Tensor, weights: Sequence[LSTMWeights], states: Sequence[LSTMState], walks: Sequence[Walk]
) -> tuple[Tensor, list[LSTMState]]:
    """One direction, or the forward and the reverse one at once, their outputs side by side."""
    directions = [_direction(*one) for one in zip(weights, states, strict=True)]
    outputs, hidden, cell, *_ = _operator(*given_by(input, directions, walks))
    return outputs, [LSTMState(*fields) for fields in zip(hidden.unbind(0), cell.unbind(0), strict=True)]


def _direction(weights: LSTMWeights, state: LSTMState) -> Direction:
    return Direction(
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
    def one(input: Tensor, direction: Direction, walk: Walk) -> tuple[Tensor, LSTMState]:
        weights = LSTMWeights(
            direction.weight_ih,
            direction.weight_hh,
            direction.bias_ih,
            direction.bias_hh,
            direction.projection,
            direction.peepholes,
        )
        if direction.cell is None:
            raise ValueError("an LSTM has a cell state")
        return reference.run(input, weights, LSTMState(direction.hidden, direction.cell), walk)

    return run_plainly(given, one)


_operator = define_operator("lstm", _plain)

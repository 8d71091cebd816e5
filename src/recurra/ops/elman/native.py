"""The simple recurrent net by recurra's compiled engine."""

from collections.abc import Sequence
from functools import partial

from torch import Tensor

from recurra.ops.elman import reference
from recurra.ops.elman.reference import ElmanState, ElmanWeights
from recurra.ops.native import Arguments, Direction, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(
    input: Tensor, weights: ElmanWeights, state: ElmanState, walk: Walk, *, nonlinearity: str = "tanh"
) -> tuple[Tensor, ElmanState]:
    """As `reference.run`."""
    outputs, (final,) = run_directions(input, [weights], [state], [walk], nonlinearity=nonlinearity)
    return outputs, final


def run_directions(
    input: Tensor,
    weights: Sequence[ElmanWeights],
    states: Sequence[ElmanState],
    walks: Sequence[Walk],
    *,
    nonlinearity: str = "tanh",
) -> tuple[Tensor, list[ElmanState]]:
    """One direction, or the forward and the reverse one at once, their outputs side by side."""
    directions = [
        Direction(w.weight_ih, w.weight_hh, state.hidden, w.bias_ih, w.bias_hh)
        for w, state in zip(weights, states, strict=True)
    ]
    outputs, hidden, *_ = _operators[nonlinearity](*given_by(input, directions, walks))
    return outputs, [ElmanState(field) for field in hidden.unbind(0)]


def _plain(given: Arguments, *, nonlinearity: str) -> tuple[Tensor, ...]:
    def one(input: Tensor, direction: Direction, walk: Walk) -> tuple[Tensor, ElmanState]:
        weights = ElmanWeights(direction.weight_ih, direction.weight_hh, direction.bias_ih, direction.bias_hh)
        return reference.run(input, weights, ElmanState(direction.hidden), walk, nonlinearity=nonlinearity)

    return run_plainly(given, one)


_operators = {
    "tanh": define_operator("elman", partial(_plain, nonlinearity="tanh")),
    "relu": define_operator("elman_relu", partial(_plain, nonlinearity="relu")),
}

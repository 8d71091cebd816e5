"""The gated recurrent unit by recurra's compiled engine."""

from collections.abc import Sequence
from functools import partial

from torch import Tensor

from recurra.ops.gru import reference
from recurra.ops.gru.reference import GRUState, GRUWeights
from recurra.ops.native import Arguments, Direction, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(
    input: Tensor, weights: GRUWeights, state: GRUState, walk: Walk, *, reset_after: bool = True
) -> tuple[Tensor, GRUState]:
    """As `reference.run`."""
    outputs, (final,) = run_directions(input, [weights], [state], [walk], reset_after=reset_after)
    return outputs, final


def run_directions(
    input: Tensor,
    weights: Sequence[GRUWeights],
    states: Sequence[GRUState],
    walks: Sequence[Walk],
    *,
    reset_after: bool = True,
) -> tuple[Tensor, list[GRUState]]:
    """One direction, or the forward and the reverse one at once, their outputs side by side."""
    directions = [
        Direction(w.weight_ih, w.weight_hh, state.hidden, w.bias_ih, w.bias_hh)
        for w, state in zip(weights, states, strict=True)
    ]
    outputs, hidden, *_ = _operators[reset_after](*given_by(input, directions, walks))
    return outputs, [GRUState(field) for field in hidden.unbind(0)]


def _plain(given: Arguments, *, reset_after: bool) -> tuple[Tensor, ...]:
    def one(input: Tensor, direction: Direction, walk: Walk) -> tuple[Tensor, GRUState]:
        weights = GRUWeights(direction.weight_ih, direction.weight_hh, direction.bias_ih, direction.bias_hh)
        return reference.run(input, weights, GRUState(direction.hidden), walk, reset_after=reset_after)

    return run_plainly(given, one)


_operators = {
    True: define_operator("gru", partial(_plain, reset_after=True)),
    False: define_operator("gru_reset_before", partial(_plain, reset_after=False)),
}

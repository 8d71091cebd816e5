"""The long short-term memory with layer normalisation by recurra's compiled engine."""

from collections.abc import Sequence

from torch import Tensor

from recurra.ops.layer_norm_lstm import reference
from recurra.ops.layer_norm_lstm.reference import LayerNormLSTMWeights
from recurra.ops.lstm.reference import LSTMState
from recurra.ops.native import Arguments, Direction, define_operator, given_by, run_plainly
from recurra.ops.walk import Walk


def run(
    input: Tensor, weights: LayerNormLSTMWeights, state: LSTMState, walk: Walk, *, epsilon: float
) -> tuple[Tensor, LSTMState]:
    """As `reference.run`."""
    outputs, (final,) = run_directions(input, [weights], [state], [walk], epsilon=epsilon)
    return outputs, final


def run_directions(
    input: Tensor,
    weights: Sequence[LayerNormLSTMWeights],
    states: Sequence[LSTMState],
    walks: Sequence[Walk],
    *,
    epsilon: float,
) -> tuple[Tensor, list[LSTMState]]:
    """One direction, or the forward and the reverse one at once, their outputs side by side."""
    directions = [
        Direction(
            weight_ih=w.weight_ih,
            weight_hh=w.weight_hh,
            hidden=state.hidden,
            bias_ih=w.bias,
            gain_ih=w.gain_ih,
            gain_hh=w.gain_hh,
            gain_cell=w.gain_cell,
            bias_cell=w.bias_cell,
            cell=state.cell,
        )
        for w, state in zip(weights, states, strict=True)
    ]
    outputs, hidden, cell, *_ = _operator(*given_by(input, directions, walks, epsilon))
    return outputs, [LSTMState(*fields) for fields in zip(hidden.unbind(0), cell.unbind(0), strict=True)]


def _plain(given: Arguments) -> tuple[Tensor, ...]:
    def one(input: Tensor, direction: Direction, walk: Walk) -> tuple[Tensor, LSTMState]:
        weights = LayerNormLSTMWeights(
            *(
                _present(tensor)
                for tensor in (
                    direction.weight_ih,
                    direction.weight_hh,
                    direction.bias_ih,
                    direction.gain_ih,
                    direction.gain_hh,
                    direction.gain_cell,
                    direction.bias_cell,
                )
            )
        )
        state = LSTMState(direction.hidden, _present(direction.cell))
        return reference.run(input, weights, state, walk, epsilon=given.epsilon)

    return run_plainly(given, one)


def _present(tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise ValueError("a layer-norm LSTM has all of its weights and a cell state")
    return tensor


_operator = define_operator("layer_norm_lstm", _plain)

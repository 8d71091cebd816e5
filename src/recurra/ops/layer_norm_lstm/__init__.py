"""The long short-term memory with layer normalisation over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.ops.arguments import check_weight
from recurra.ops.layer_norm_lstm import reference
from recurra.ops.layer_norm_lstm.reference import LayerNormLSTMWeights
from recurra.ops.lstm.reference import GATES, LSTMState
from recurra.ops.native import define_operator
from recurra.ops.op import Direction, Op, run_op
from recurra.ops.walk import Kept, Walk
from recurra.types import Input, Lengths, RecurrentMask, Resets

__all__ = ["GATES", "LSTMState", "LayerNormLSTMWeights", "layer_norm_lstm"]


def layer_norm_lstm(
    input: Input,
    weights: LayerNormLSTMWeights,
    state: LSTMState,
    *,
    epsilon: float = 1e-5,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    zoneout: Kept | None = None,
    reverse: bool = False,
    opposite: Direction | None = None,
    recompute: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, LSTMState]:
    """Run an LSTM with layer normalisation; the equations are in `reference.py`.

    Args:
        input: (batch, time, features).
        weights: Gates stacked in the order of `GATES`.
        state: The state before the first step, (batch, hidden) each.
        epsilon: Added to every variance.
        lengths: As in `recurra.ops.lstm.lstm`, whose results and errors these are.
        resets: As there.
        recurrent_mask: As there.
        zoneout: As there.
        reverse: As there.
        opposite: As there.
        recompute: As there.
        backend: One of `backends.NAMES`.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend is unknown, or cannot do this.
    """
    computations = {"reference": partial(reference.run, epsilon=epsilon)}
    op = Op(sizes, _OPERATOR, computations, lambda _: "layer normalisation", epsilon)
    walk = Walk(lengths, resets, recurrent_mask, zoneout, reverse, recompute)
    return run_op(op, input, weights, state, walk, opposite, backend)


def sizes(weights: LayerNormLSTMWeights) -> tuple[int, int]:
    """The sizes of the hidden state and of the cell.

    Raises:
        ShapeError: The weights do not belong to one net.
    """
    rows, features = weights.weight_ih.shape
    hidden = rows // len(GATES)
    check_weight("weight_ih", weights.weight_ih, (len(GATES) * hidden, features))
    check_weight("weight_hh", weights.weight_hh, (len(GATES) * hidden, hidden))
    for name in ("bias_ih", "gain_ih", "gain_hh"):
        check_weight(name, getattr(weights, name), (len(GATES) * hidden,))
    for name in ("gain_cell", "bias_cell"):
        check_weight(name, getattr(weights, name), (hidden,))
    return hidden, hidden


_OPERATOR = define_operator(
    "layer_norm_lstm",
    LayerNormLSTMWeights,
    LSTMState,
    lambda given: partial(reference.run, epsilon=given.epsilon),
)

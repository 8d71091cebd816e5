"""The gated recurrent unit over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.ops.arguments import check_biases, check_weight
from recurra.ops.gru import fused, reference
from recurra.ops.gru.reference import GATES, GRUState, GRUWeights
from recurra.ops.native import define_operator
from recurra.ops.op import Direction, Op, run_op
from recurra.ops.walk import Kept, Walk
from recurra.types import Input, Lengths, RecurrentMask, Resets

__all__ = ["GATES", "OPS", "GRUState", "GRUWeights", "gru"]


def gru(
    input: Input,
    weights: GRUWeights,
    state: GRUState,
    *,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    zoneout: Kept | None = None,
    reset_after: bool = True,
    reverse: bool = False,
    opposite: Direction | None = None,
    recompute: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, GRUState]:
    """Run a gated recurrent unit; the equations are in `reference.py`.

    Args:
        input: (batch, time, features).
        weights: Gates stacked in the order of `GATES`, as torch stacks them.
        state: The state before the first step, (batch, hidden).
        lengths: As in `recurra.ops.lstm.lstm`, whose results and errors these are.
        resets: As there.
        recurrent_mask: As there.
        zoneout: As there.
        reset_after: Whether the reset gate acts after the recurrent product (torch, cuDNN) or before it (Cho
            2014).
        reverse: As there.
        opposite: As there.
        recompute: As there.
        backend: One of `backends.NAMES`.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend is unknown, or cannot do this.
    """
    walk = Walk(lengths, resets, recurrent_mask, zoneout, reverse, recompute)
    return run_op(OPS[reset_after], input, weights, state, walk, opposite, backend)


def sizes(weights: GRUWeights) -> tuple[int]:
    """The size of the hidden state.

    Raises:
        ShapeError: The weights do not belong to one GRU.
    """
    rows, features = weights.weight_ih.shape
    hidden = rows // len(GATES)
    check_weight("weight_ih", weights.weight_ih, (len(GATES) * hidden, features))
    check_weight("weight_hh", weights.weight_hh, (len(GATES) * hidden, hidden))
    check_biases(weights.bias_ih, weights.bias_hh, len(GATES) * hidden)
    return (hidden,)


_reset_before = partial(reference.run, reset_after=False)

OPS = {
    True: Op(
        sizes=sizes,
        operator=define_operator("gru", GRUWeights, GRUState, lambda _: reference.run),
        computations={"reference": reference.run, "torch": fused.run},
    ),
    False: Op(
        sizes=sizes,
        operator=define_operator("gru_reset_before", GRUWeights, GRUState, lambda _: _reset_before),
        computations={"reference": _reset_before},
        torch_lacks=lambda _: "a reset before the product",
    ),
}
"""By whether the reset gate acts after the recurrent product."""

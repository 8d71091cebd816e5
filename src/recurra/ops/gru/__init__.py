"""The gated recurrent unit over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.ops.arguments import check_biases, check_weight
from recurra.ops.choice import Recurrence, run_recurrence
from recurra.ops.direction import Direction
from recurra.ops.gru import fused, native, reference
from recurra.ops.gru.reference import GATES, GRUState, GRUWeights
from recurra.ops.walk import Walk, Zoneout
from recurra.types import Input, Lengths, RecurrentMask, Resets

__all__ = ["GATES", "GRUState", "GRUWeights", "gru"]


def gru(
    input: Input,
    weights: GRUWeights,
    state: GRUState,
    *,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    zoneout: Zoneout | None = None,
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
    check_weights(weights)
    recurrence = Recurrence(
        {
            "reference": partial(reference.run, reset_after=reset_after),
            "torch": fused.run,
            "native": partial(native.run, reset_after=reset_after),
        },
        (weights.weight_hh.shape[1],),
        None if reset_after else "a reset before the product",
    )
    walk = Walk(lengths, resets, recurrent_mask, zoneout, reverse, recompute)
    return run_recurrence(recurrence, input, weights, state, walk, opposite, backend)


def check_weights(weights: GRUWeights) -> None:
    """Check that the weights belong to one GRU.

    Raises:
        ShapeError: They do not.
    """
    rows, features = weights.weight_ih.shape
    hidden = rows // len(GATES)
    check_weight("weight_ih", weights.weight_ih, (len(GATES) * hidden, features))
    check_weight("weight_hh", weights.weight_hh, (len(GATES) * hidden, hidden))
    check_biases(weights.bias_ih, weights.bias_hh, len(GATES) * hidden)

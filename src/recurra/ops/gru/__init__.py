"""The gated recurrent unit over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.ops import backends
from recurra.ops.arguments import check_biases, check_weight, checked_arguments
from recurra.ops.gru import fused, reference
from recurra.ops.gru.reference import GATES, GRUState, GRUWeights
from recurra.ops.precision import run_in_kernel_type
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
    reset_after: bool = True,
    reverse: bool = False,
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
        reset_after: Whether the reset gate acts after the recurrent product (torch, cuDNN) or before it (Cho
            2014).
        reverse: As there.
        backend: One of `backends.NAMES`.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend is unknown, or cannot do this.
    """
    check_weights(weights)
    given = checked_arguments(
        input,
        state,
        input_size=weights.weight_ih.shape[1],
        parameter=weights.weight_hh,
        state_sizes=(weights.weight_hh.shape[1],),
        lengths=lengths,
        resets=resets,
        recurrent_mask=recurrent_mask,
    )
    variant = _variant(recurrent_mask, reset_after)
    chosen = backends.choose(backend, backends.Call(input, weights.weight_hh, variant))
    if chosen == "torch":
        run = partial(fused.run, lengths=given.lengths, resets=given.resets, reverse=reverse)
        return run_in_kernel_type(run, given.input, weights, state)
    return reference.run(
        given.input,
        weights,
        state,
        lengths=given.lengths,
        resets=given.resets,
        recurrent_mask=recurrent_mask,
        reset_after=reset_after,
        reverse=reverse,
    )


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


def _variant(recurrent_mask: Tensor | None, reset_after: bool) -> str | None:
    if recurrent_mask is not None:
        return "a recurrent mask"
    return None if reset_after else "a reset before the product"

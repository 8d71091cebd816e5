"""The long short-term memory over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.ops import backends
from recurra.ops.arguments import check_biases, check_weight, checked_arguments
from recurra.ops.lstm import fused, reference
from recurra.ops.lstm.reference import GATES, LSTMState, LSTMWeights
from recurra.ops.precision import run_in_kernel_type
from recurra.types import Input, Lengths, RecurrentMask, Resets

__all__ = ["GATES", "LSTMState", "LSTMWeights", "lstm"]


def lstm(
    input: Input,
    weights: LSTMWeights,
    state: LSTMState,
    *,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, LSTMState]:
    """Run an LSTM; the equations are in `reference.py`.

    Args:
        input: (batch, time, features).
        weights: Gates stacked in the order of `GATES`, as torch stacks them.
        state: The state before the first step, (batch, hidden) each.
        lengths: (batch,), int64: the number of valid steps of every row; None when all are.
        resets: (batch, time), bool: True where a row's state is set to zero before the step.
        recurrent_mask: (batch, hidden): multiplies the hidden state where it enters the recurrent product.
        reverse: Start at the last valid step and go back; outputs stay aligned with the input.
        backend: One of `backends.NAMES`.

    Returns:
        Outputs (batch, time, hidden), zero past a row's length, and the state after the last step taken,
        which is the initial state of a row of length 0.

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
        state_sizes=(weights.weight_hh.shape[1], weights.weight_hh.shape[0] // len(GATES)),
        lengths=lengths,
        resets=resets,
        recurrent_mask=recurrent_mask,
    )
    variant = _variant(recurrent_mask, weights)
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
        reverse=reverse,
    )


def check_weights(weights: LSTMWeights) -> None:
    """Check that the weights belong to one LSTM.

    Raises:
        ShapeError: They do not.
    """
    rows, features = weights.weight_ih.shape
    hidden = rows // len(GATES)
    outputs = hidden if weights.weight_hr is None else len(weights.weight_hr)
    check_weight("weight_ih", weights.weight_ih, (len(GATES) * hidden, features))
    check_weight("weight_hh", weights.weight_hh, (len(GATES) * hidden, outputs))
    check_weight("weight_hr", weights.weight_hr, (outputs, hidden))
    check_biases(weights.bias_ih, weights.bias_hh, len(GATES) * hidden)


def _variant(recurrent_mask: Tensor | None, weights: LSTMWeights) -> str | None:
    if recurrent_mask is not None:
        return "a recurrent mask"
    if weights.weight_hr is not None and weights.weight_hr.device.type == "cpu":
        return "a projection on a CPU"
    return None

"""The simple recurrent net by torch's own kernels: cuDNN on a GPU."""

from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.ops.dense import at_last_step, one_layer, out_of_reach, padding_marked, run_any_order
from recurra.ops.elman import reference
from recurra.ops.elman.reference import ElmanState, ElmanWeights
from recurra.ops.second_order import run_kernel
from recurra.ops.walk import WHOLE, Walk

KERNELS = {"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}


def run(
    input: Float[Tensor, "batch time features"],
    weights: ElmanWeights,
    state: ElmanState,
    walk: Walk,
    *,
    nonlinearity: str = "tanh",
) -> tuple[Float[Tensor, "batch time hidden"], ElmanState]:
    """As `reference.run`, without a recurrent mask or zoneout."""
    forward = partial(_forward, weights, nonlinearity)
    return run_any_order(forward, input, state, walk)


def _forward(
    weights: ElmanWeights, nonlinearity: str, input: Tensor, state: ElmanState, lengths: Tensor | None
) -> tuple[Tensor, ElmanState]:
    if lengths is None:
        outputs, hidden = _dense(input, weights, state, nonlinearity)
        return outputs, ElmanState(hidden)
    if nonlinearity == "relu":
        outputs, _ = _dense(*_silent_in_padding(input, weights, lengths), state, nonlinearity)
    else:
        outputs, _ = _dense(input, weights, state, nonlinearity)
    return outputs, ElmanState(at_last_step(outputs, state.hidden, lengths))


def _silent_in_padding(input: Tensor, weights: ElmanWeights, lengths: Tensor) -> tuple[Tensor, ElmanWeights]:
    """One more feature, 1 in padded steps, that makes every ReLU zero there.

    Else a net whose state grows could grow to infinity in steps that do not count, and NaN would come back.
    """
    column = input.new_full((len(weights.weight_ih), 1), -out_of_reach(input.dtype))
    weight_ih = torch.cat([weights.weight_ih, column], dim=1)
    return padding_marked(input, lengths), weights._replace(weight_ih=weight_ih)


def _dense(
    input: Tensor, weights: ElmanWeights, state: ElmanState, nonlinearity: str
) -> tuple[Tensor, Tensor]:
    kernel, plain = partial(_kernel, nonlinearity), partial(_plain, nonlinearity)
    outputs, hidden = run_kernel(kernel, plain, [input, *state, *weights])
    return outputs, hidden


def _kernel(nonlinearity: str, input: Tensor, hidden: Tensor, *weights: Tensor | None) -> tuple[Tensor, ...]:
    outputs, hidden = KERNELS[nonlinearity](input, hidden.unsqueeze(0), **one_layer(weights))
    return outputs, hidden.squeeze(0)


def _plain(nonlinearity: str, input: Tensor, hidden: Tensor, *weights: Any) -> tuple[Tensor, ...]:
    outputs, state = reference.run(
        input, ElmanWeights(*weights), ElmanState(hidden), WHOLE, nonlinearity=nonlinearity
    )
    return outputs, *state

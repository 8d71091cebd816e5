"""The simple recurrent net by torch's own kernels: cuDNN on a GPU."""

from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from recurra.ops.dense import one_layer, run_any_order
from recurra.ops.elman import reference
from recurra.ops.elman.reference import ElmanState, ElmanWeights
from recurra.ops.order import at_last_step
from recurra.ops.second_order import run_kernel

KERNELS = {"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}


def run(
    input: Float[Tensor, "batch time features"],
    weights: ElmanWeights,
    state: ElmanState,
    *,
    lengths: Int[Tensor, " batch"] | None = None,
    resets: Bool[Tensor, "batch time"] | None = None,
    nonlinearity: str = "tanh",
    reverse: bool = False,
) -> tuple[Float[Tensor, "batch time hidden"], ElmanState]:
    """As `reference.run`, without a recurrent mask."""
    forward = partial(_forward, weights, nonlinearity)
    return run_any_order(forward, input, state, lengths=lengths, resets=resets, reverse=reverse)


def _forward(
    weights: ElmanWeights, nonlinearity: str, input: Tensor, state: ElmanState, lengths: Tensor | None
) -> tuple[Tensor, ElmanState]:
    kernel, plain = partial(_kernel, nonlinearity), partial(_plain, nonlinearity)
    outputs, hidden = run_kernel(kernel, plain, [input, *state, *weights])
    if lengths is None:
        return outputs, ElmanState(hidden)
    return outputs, ElmanState(at_last_step(outputs, state.hidden, lengths))


def _kernel(nonlinearity: str, input: Tensor, hidden: Tensor, *weights: Tensor | None) -> tuple[Tensor, ...]:
    outputs, hidden = KERNELS[nonlinearity](input, hidden.unsqueeze(0), **one_layer(weights))
    return outputs, hidden.squeeze(0)


def _plain(nonlinearity: str, input: Tensor, hidden: Tensor, *weights: Any) -> tuple[Tensor, ...]:
    outputs, state = reference.run(
        input, ElmanWeights(*weights), ElmanState(hidden), nonlinearity=nonlinearity
    )
    return outputs, *state

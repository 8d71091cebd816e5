"""The gated recurrent unit, reset after the product, by torch's own kernels: cuDNN on a GPU."""

from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.ops.dense import at_last_step, one_layer, run_any_order
from recurra.ops.gru import reference
from recurra.ops.gru.reference import GRUState, GRUWeights
from recurra.ops.second_order import run_kernel
from recurra.ops.walk import WHOLE, Walk


def run(
    input: Float[Tensor, "batch time features"],
    weights: GRUWeights,
    state: GRUState,
    walk: Walk,
) -> tuple[Float[Tensor, "batch time hidden"], GRUState]:
    """As `reference.run`, without a recurrent mask or zoneout."""
    return run_any_order(partial(_forward, weights), input, state, walk)


def _forward(
    weights: GRUWeights, input: Tensor, state: GRUState, lengths: Tensor | None
) -> tuple[Tensor, GRUState]:
    outputs, hidden = run_kernel(_kernel, _plain, [input, *state, *weights])
    if lengths is None:
        return outputs, GRUState(hidden)
    return outputs, GRUState(at_last_step(outputs, state.hidden, lengths))


def _kernel(input: Tensor, hidden: Tensor, *weights: Tensor | None) -> tuple[Tensor, ...]:
    outputs, hidden = torch.gru(input, hidden.unsqueeze(0), **one_layer(weights))
    return outputs, hidden.squeeze(0)


def _plain(input: Tensor, hidden: Tensor, *weights: Any) -> tuple[Tensor, ...]:
    outputs, state = reference.run(input, GRUWeights(*weights), GRUState(hidden), WHOLE)
    return outputs, *state

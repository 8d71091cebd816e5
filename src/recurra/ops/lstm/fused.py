"""The LSTM by torch's own kernels: oneDNN on a CPU, cuDNN on a GPU."""

from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.ops.dense import at_last_step, one_layer, out_of_reach, padding_marked, run_any_order
from recurra.ops.lstm import reference
from recurra.ops.lstm.reference import GATES, LSTMState, LSTMWeights
from recurra.ops.second_order import run_kernel
from recurra.ops.walk import WHOLE, Walk


def run(
    input: Float[Tensor, "batch time features"],
    weights: LSTMWeights,
    state: LSTMState,
    walk: Walk,
) -> tuple[Float[Tensor, "batch time hidden"], LSTMState]:
    """As `reference.run`, without a recurrent mask or zoneout."""
    return run_any_order(partial(_forward, weights), input, state, walk)


def _forward(
    weights: LSTMWeights, input: Tensor, state: LSTMState, lengths: Tensor | None
) -> tuple[Tensor, LSTMState]:
    if lengths is None:
        return _dense(input, weights, state)
    outputs, final = _dense(*_holding_in_padding(input, weights, lengths), state)
    return outputs, LSTMState(at_last_step(outputs, state.hidden, lengths), final.cell)


def _holding_in_padding(input: Tensor, weights: LSTMWeights, lengths: Tensor) -> tuple[Tensor, LSTMWeights]:
    """One more feature, 1 in padded steps, that closes the input gate and opens the forget gate there.

    Then c' = 1 ∘ c + 0 ∘ g: the memory of the last valid step stays to the end, bit for bit, and so does its
    gradient.
    """
    far = out_of_reach(input.dtype)
    columns = {"input_gate": -far, "forget_gate": far}
    size = len(weights.weight_ih) // len(GATES)
    column = torch.cat([input.new_full((size, 1), columns.get(gate, 0.0)) for gate in GATES])
    return padding_marked(input, lengths), weights._replace(
        weight_ih=torch.cat([weights.weight_ih, column], dim=1)
    )


def _dense(input: Tensor, weights: LSTMWeights, state: LSTMState) -> tuple[Tensor, LSTMState]:
    outputs, hidden, cell = run_kernel(_kernel, _plain, [input, *state, *weights])
    return outputs, LSTMState(hidden, cell)


def _kernel(input: Tensor, hidden: Tensor, cell: Tensor, *weights: Tensor | None) -> tuple[Tensor, ...]:
    outputs, hidden, cell = torch.lstm(input, (hidden.unsqueeze(0), cell.unsqueeze(0)), **one_layer(weights))
    return outputs, hidden.squeeze(0), cell.squeeze(0)


def _plain(input: Tensor, hidden: Tensor, cell: Tensor, *weights: Any) -> tuple[Tensor, ...]:
    outputs, state = reference.run(input, LSTMWeights(*weights), LSTMState(hidden, cell), WHOLE)
    return outputs, *state

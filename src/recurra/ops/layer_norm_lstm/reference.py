"""Long short-term memory with layer normalisation, written as its equations read (Ba, Kiros & Hinton 2016).

a = LN(W x; α_W) + LN(U h; α_U) + b    the four gates together
i, f, g, o = σ(a_i), σ(a_f), tanh(a_g), σ(a_o)
c' = f ∘ c + i ∘ g                     the memory
h' = o ∘ tanh(LN(c'; α_c, β_c))        the hidden state, which is also the output
LN(a; α, β) = α ∘ (a - mean(a)) / sqrt(var(a) + epsilon) + β
"""

from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recurra.ops.lstm.reference import GATES, LSTMGates, LSTMState
from recurra.ops.walk import Walk, scan


class LayerNormLSTMWeights(NamedTuple):
    """W and U with the four gates stacked, b, the gains α, and the offset β of the memory."""

    weight_ih: Tensor  # 4*hidden, features
    weight_hh: Tensor  # 4*hidden, hidden
    bias_ih: Tensor  # 4*hidden
    gain_ih: Tensor  # 4*hidden
    gain_hh: Tensor  # 4*hidden
    gain_cell: Tensor  # hidden
    bias_cell: Tensor  # hidden


def project(
    input: Float[Tensor, "*steps features"], weights: LayerNormLSTMWeights, epsilon: float
) -> Float[Tensor, "*steps gates"]:
    """The part of the gates that needs no state: LN(W x) + b, for all steps in one product."""
    return _normalized(F.linear(input, weights.weight_ih), weights.gain_ih, weights.bias_ih, epsilon)


def gates(
    projected: Float[Tensor, "batch gates"],
    state: LSTMState,
    weights: LayerNormLSTMWeights,
    epsilon: float,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
) -> LSTMGates:
    """The gates of a step, given what `project` made of its input."""
    hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
    sums = projected + _normalized(F.linear(hidden, weights.weight_hh), weights.gain_hh, None, epsilon)
    input_gate, forget_gate, candidate, output_gate = sums.chunk(len(GATES), dim=-1)
    return LSTMGates(input_gate.sigmoid(), forget_gate.sigmoid(), candidate.tanh(), output_gate.sigmoid())


def step(
    projected: Float[Tensor, "batch gates"],
    state: LSTMState,
    weights: LayerNormLSTMWeights,
    epsilon: float,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
) -> LSTMState:
    """One step, given what `project` made of its input."""
    own = gates(projected, state, weights, epsilon, recurrent_mask)
    cell = own.forget_gate * state.cell + own.input_gate * own.candidate
    shown = _normalized(cell, weights.gain_cell, weights.bias_cell, epsilon)
    return LSTMState(own.output_gate * shown.tanh(), cell)


def run(
    input: Float[Tensor, "batch time features"],
    weights: LayerNormLSTMWeights,
    state: LSTMState,
    walk: Walk,
    *,
    epsilon: float,
) -> tuple[Float[Tensor, "batch time hidden"], LSTMState]:
    """All steps, one after another."""

    def advance(projected: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        state = step(projected, state, weights, epsilon, walk.recurrent_mask)
        return state.hidden, state

    return scan(advance, project(input, weights, epsilon), state, walk)


def _normalized(values: Tensor, gain: Tensor, bias: Tensor | None, epsilon: float) -> Tensor:
    return F.layer_norm(values, values.shape[-1:], gain, bias, epsilon)

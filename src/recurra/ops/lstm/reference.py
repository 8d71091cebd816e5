"""Long short-term memory, written as its equations read (Hochreiter & Schmidhuber 1997, Gers et al. 2000).

i = σ(W_i x + U_i h + b_i)    input gate: how much of the candidate is written
f = σ(W_f x + U_f h + b_f)    forget gate: how much of the memory is kept
g = tanh(W_g x + U_g h + b_g) candidate: what could be written
o = σ(W_o x + U_o h + b_o)    output gate: how much of the memory is shown
c' = f ∘ c + i ∘ g            the memory
h' = o ∘ tanh(c')             the hidden state, which is also the output

With peepholes the input and the forget gate also see the memory, p ∘ c, and the output gate the new one,
p ∘ c' (Gers, Schraudolph & Schmidhuber 2002). With a projection P h' is the hidden state (Sak et al. 2014).
"""

from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recurra.ops.walk import Walk, scan

GATES = ("input_gate", "forget_gate", "candidate", "output_gate")
"""How the gates are stacked along the first axis of every weight: as torch stacks them."""


class LSTMState(NamedTuple):
    """What an LSTM remembers: (batch, hidden) each; with a projection `hidden` is (batch, projection)."""

    hidden: Tensor
    cell: Tensor


class LSTMWeights(NamedTuple):
    """Weights with the four gates stacked: W, U, their biases; the projection P, and the peepholes p."""

    weight_ih: Tensor  # 4*hidden, features
    weight_hh: Tensor  # 4*hidden, hidden (or projection)
    bias_ih: Tensor | None = None  # 4*hidden
    bias_hh: Tensor | None = None  # 4*hidden
    weight_hr: Tensor | None = None  # projection, hidden
    weight_peephole: Tensor | None = None  # 3*hidden: of the input, forget and output gate


class LSTMGates(NamedTuple):
    """What a step decides, squashed: (batch, hidden) each."""

    input_gate: Tensor
    forget_gate: Tensor
    candidate: Tensor
    output_gate: Tensor


def project(input: Float[Tensor, "*steps features"], weights: LSTMWeights) -> Float[Tensor, "*steps gates"]:
    """The part of the gates that needs no state: W x + b, for all steps in one product."""
    return F.linear(input, weights.weight_ih, weights.bias_ih)


def gates(
    projected: Float[Tensor, "batch gates"],
    state: LSTMState,
    weights: LSTMWeights,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
) -> LSTMGates:
    """The gates of a step, given what `project` made of its input."""
    hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
    sums = projected + F.linear(hidden, weights.weight_hh, weights.bias_hh)
    input_gate, forget_gate, candidate, output_gate = sums.chunk(len(GATES), dim=-1)
    if weights.weight_peephole is None:
        return LSTMGates(input_gate.sigmoid(), forget_gate.sigmoid(), candidate.tanh(), output_gate.sigmoid())
    to_input, to_forget, to_output = weights.weight_peephole.chunk(3)
    input_gate = (input_gate + to_input * state.cell).sigmoid()
    forget_gate = (forget_gate + to_forget * state.cell).sigmoid()
    candidate = candidate.tanh()
    cell = forget_gate * state.cell + input_gate * candidate
    return LSTMGates(input_gate, forget_gate, candidate, (output_gate + to_output * cell).sigmoid())


def step(
    projected: Float[Tensor, "batch gates"],
    state: LSTMState,
    weights: LSTMWeights,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
) -> LSTMState:
    """One step, given what `project` made of its input."""
    own = gates(projected, state, weights, recurrent_mask)
    cell = own.forget_gate * state.cell + own.input_gate * own.candidate
    hidden = own.output_gate * cell.tanh()
    if weights.weight_hr is not None:
        hidden = F.linear(hidden, weights.weight_hr)
    return LSTMState(hidden, cell)


def run(
    input: Float[Tensor, "batch time features"],
    weights: LSTMWeights,
    state: LSTMState,
    walk: Walk,
) -> tuple[Float[Tensor, "batch time hidden"], LSTMState]:
    """All steps, one after another."""

    def advance(projected: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        state = step(projected, state, weights, walk.recurrent_mask)
        return state.hidden, state

    return scan(advance, project(input, weights), state, walk)

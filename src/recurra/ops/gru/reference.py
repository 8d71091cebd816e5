"""The gated recurrent unit in both of its forms, written as the equations read.

r = σ(W_r x + b_r + U_r h + d_r)          reset gate: how much of the past enters the candidate
z = σ(W_z x + b_z + U_z h + d_z)          update gate: how much of the past is kept
n = tanh(W_n x + b_n + r ∘ (U_n h + d_n)) candidate, reset after the product (torch, cuDNN, ONNX by option)
n = tanh(W_n x + b_n + U_n (r ∘ h) + d_n) candidate, reset before the product (Cho et al. 2014)
h' = (1 - z) ∘ n + z ∘ h                  the hidden state, which is also the output
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recurra.ops.walk import Walk, scan

GATES = ("reset_gate", "update_gate", "candidate")
"""How the gates are stacked along the first axis of every weight: as torch stacks them."""


class GRUState(NamedTuple):
    """What a gated recurrent unit remembers: (batch, hidden)."""

    hidden: Tensor


class GRUWeights(NamedTuple):
    """Weights with the three gates stacked: W, U and their biases b and d."""

    weight_ih: Tensor  # 3*hidden, features
    weight_hh: Tensor  # 3*hidden, hidden
    bias_ih: Tensor | None = None  # 3*hidden
    bias_hh: Tensor | None = None  # 3*hidden


class GRUGates(NamedTuple):
    """What a step decides, squashed: (batch, hidden) each."""

    reset_gate: Tensor
    update_gate: Tensor
    candidate: Tensor

    def renewed(self, hidden: Tensor) -> GRUState:
        """The state after the step."""
        return GRUState((1 - self.update_gate) * self.candidate + self.update_gate * hidden)


def project(input: Float[Tensor, "*steps features"], weights: GRUWeights) -> Float[Tensor, "*steps gates"]:
    """The part of the gates that needs no state: W x + b, for all steps in one product."""
    return F.linear(input, weights.weight_ih, weights.bias_ih)


def gates(
    projected: Float[Tensor, "batch gates"],
    state: GRUState,
    weights: GRUWeights,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
) -> GRUGates:
    """The gates of a step that resets after the product, given what `project` made of its input."""
    hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
    reset_input, update_input, candidate_input = projected.chunk(len(GATES), dim=-1)
    recurrent = F.linear(hidden, weights.weight_hh, weights.bias_hh)
    reset_recurrent, update_recurrent, candidate_recurrent = recurrent.chunk(len(GATES), dim=-1)
    reset_gate = (reset_input + reset_recurrent).sigmoid()
    update_gate = (update_input + update_recurrent).sigmoid()
    candidate = (candidate_input + reset_gate * candidate_recurrent).tanh()
    return GRUGates(reset_gate, update_gate, candidate)


def gates_reset_before(
    projected: Float[Tensor, "batch gates"],
    state: GRUState,
    weights: GRUWeights,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
) -> GRUGates:
    """The gates of a step that resets before the product, given what `project` made of its input."""
    hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
    sizes = [2 * hidden.shape[-1], hidden.shape[-1]]  # both gates, then the candidate
    gate_input, candidate_input = torch.split(projected, sizes, dim=-1)
    gate_weight, candidate_weight = torch.split(weights.weight_hh, sizes)
    gate_bias, candidate_bias = (
        (None, None) if weights.bias_hh is None else torch.split(weights.bias_hh, sizes)
    )
    squashed = (gate_input + F.linear(hidden, gate_weight, gate_bias)).sigmoid()
    reset_gate, update_gate = squashed.chunk(2, dim=-1)
    candidate = (candidate_input + F.linear(reset_gate * hidden, candidate_weight, candidate_bias)).tanh()
    return GRUGates(reset_gate, update_gate, candidate)


def step(
    projected: Float[Tensor, "batch gates"],
    state: GRUState,
    weights: GRUWeights,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
    *,
    reset_after: bool = True,
) -> GRUState:
    """One step, given what `project` made of its input."""
    form = gates if reset_after else gates_reset_before
    return form(projected, state, weights, recurrent_mask).renewed(state.hidden)


def run(
    input: Float[Tensor, "batch time features"],
    weights: GRUWeights,
    state: GRUState,
    walk: Walk,
    *,
    reset_after: bool = True,
) -> tuple[Float[Tensor, "batch time hidden"], GRUState]:
    """All steps, one after another."""

    def advance(projected: Tensor, state: GRUState) -> tuple[Tensor, GRUState]:
        state = step(projected, state, weights, walk.recurrent_mask, reset_after=reset_after)
        return state.hidden, state

    return scan(advance, project(input, weights), state, walk)

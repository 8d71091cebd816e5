"""The simple recurrent net of Elman (1990), written as its equation reads.

h' = φ(W x + b_W + U h + b_U), where φ is tanh, ReLU or nothing; h' is the hidden state and the output
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recurra.ops.walk import Walk, scan

GATES = ("candidate",)


def unchanged(sum: Tensor) -> Tensor:
    """What a linear net makes of its sums."""
    return sum


NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu, "linear": unchanged}


class ElmanState(NamedTuple):
    """What a simple recurrent net remembers: (batch, hidden)."""

    hidden: Tensor


class ElmanWeights(NamedTuple):
    """W, U and their biases."""

    weight_ih: Tensor  # hidden, features
    weight_hh: Tensor  # hidden, hidden
    bias_ih: Tensor | None = None  # hidden
    bias_hh: Tensor | None = None  # hidden


def project(input: Float[Tensor, "*steps features"], weights: ElmanWeights) -> Float[Tensor, "*steps hidden"]:
    """The part that needs no state: W x + b_W, for all steps in one product."""
    return F.linear(input, weights.weight_ih, weights.bias_ih)


def step(
    projected: Float[Tensor, "batch hidden"],
    state: ElmanState,
    weights: ElmanWeights,
    recurrent_mask: Float[Tensor, "batch hidden"] | None = None,
    nonlinearity: str = "tanh",
) -> ElmanState:
    """One step, given what `project` made of its input."""
    hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
    activation = NONLINEARITIES[nonlinearity]
    return ElmanState(activation(projected + F.linear(hidden, weights.weight_hh, weights.bias_hh)))


def run(
    input: Float[Tensor, "batch time features"],
    weights: ElmanWeights,
    state: ElmanState,
    walk: Walk,
    *,
    nonlinearity: str = "tanh",
) -> tuple[Float[Tensor, "batch time hidden"], ElmanState]:
    """All steps, one after another."""

    def advance(projected: Tensor, state: ElmanState) -> tuple[Tensor, ElmanState]:
        state = step(projected, state, weights, walk.recurrent_mask, nonlinearity)
        return state.hidden, state

    return scan(advance, project(input, weights), state, walk)

"""The contract of a cell: parameters, and one step of a recurrence as a function of input and state.

Unrolling over time, stacking, two directions, lengths, resets, truncation and streaming are written once
against this contract. `recurra.testing.check_cell` tells whether a cell keeps it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, final

from jaxtyping import Float
from torch import Tensor, nn

from recurra.ops.walk import StateT


class Cell(nn.Module, ABC, Generic[StateT]):
    """One step of a recurrent net.

    A cell keeps nothing between calls: the state comes in and goes out. A state is a NamedTuple of (batch,
    ...) tensors; its first field, `hidden`, is also the output. Zeros in every field are a state.

    Attributes:
        input_size: Number of features that a step takes.
        hidden_size: Number of hidden units.
        output_size: Number of features that a step puts out.

    A cell of one's own, h' = tanh(W x + b + d ∘ h), and the proof that it keeps the contract:

    >>> import torch
    >>> from recurra.cells import Cell
    >>> from recurra.ops.elman import ElmanState  # any NamedTuple that begins with `hidden`
    >>> from recurra.testing import check_cell
    >>> class Diagonal(Cell[ElmanState]):
    ...     def __init__(self, input_size: int, hidden_size: int) -> None:
    ...         super().__init__()
    ...         self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
    ...         self.input_weight = torch.nn.Linear(input_size, hidden_size)
    ...         self.decay = torch.nn.Parameter(torch.rand(hidden_size))
    ...
    ...     def initial_state(self, batch_size):
    ...         return ElmanState(self.decay.new_zeros(batch_size, self.hidden_size))
    ...
    ...     def project_input(self, input):
    ...         return self.input_weight(input)
    ...
    ...     def step(self, projected, state, recurrent_mask=None):
    ...         hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
    ...         hidden = torch.tanh(projected + self.decay * hidden)
    ...         return hidden, ElmanState(hidden)
    >>> check_cell(Diagonal(3, 5))
    """

    input_size: int
    hidden_size: int
    output_size: int

    @abstractmethod
    def initial_state(self, batch_size: int) -> StateT:
        """The state before the first step, of the parameters' type and on their device."""

    @abstractmethod
    def project_input(self, input: Float[Tensor, "*steps features"]) -> Float[Tensor, "*steps projected"]:
        """The part of a step that needs no state, for any number of steps at once."""

    @abstractmethod
    def step(
        self,
        projected: Float[Tensor, "batch projected"],
        state: StateT,
        recurrent_mask: Float[Tensor, "batch outputs"] | None = None,
    ) -> tuple[Float[Tensor, "batch outputs"], StateT]:
        """The rest of a step: (output, next state).

        Args:
            projected: What `project_input` made of the step's input.
            state: The state before the step.
            recurrent_mask: Multiplies the hidden state where it enters the recurrent product, and nowhere
                else.
        """

    @final  # type: ignore[misc]  # torch declares forward as an attribute
    def forward(
        self, input: Float[Tensor, "batch features"], state: StateT
    ) -> tuple[Float[Tensor, "batch outputs"], StateT]:
        """One step: (output, next state)."""
        return self.step(self.project_input(input), state)


class FusedCell(Cell[StateT]):
    """A cell with an op of its own for whole sequences, faster than one step after another."""

    @abstractmethod
    def op(self) -> Callable[..., tuple[Tensor, StateT]]:
        """All steps of (batch, time, input_size) at once, with this cell's weights.

        A function `(input, *, state, lengths, resets, recurrent_mask, zoneout, reverse, recompute, backend)`
        whose arguments, results and errors are those of `recurra.ops.lstm.lstm`.
        """

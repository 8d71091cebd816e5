"""What a step of a cell decides on its way: its gates, and the matrices that they see the hidden state by."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from torch import Tensor

Squash = Literal["sigmoid", "tanh", "relu", "linear"]


class Gate(NamedTuple):
    """A gate or a candidate at one step.

    Attributes:
        values: (batch, units), squashed.
        squash: By which function ("linear" is none); it tells between which values they lie.
        keeps: Whether they are the share of the state that stays: the forget gate of an LSTM, the update gate
            of a GRU.
    """

    values: Tensor
    squash: Squash
    keeps: bool = False


@runtime_checkable
class Gated(Protocol):
    """A cell that shows its gates, as all of `recurra.cells.CELLS` do; `recurra.diagnosis` looks at them."""

    def gates(self, projected: Tensor, state: Any) -> Mapping[str, Gate]:
        """Those of a step, by their names in the cell's equations; arguments as those of `Cell.step`."""

    def recurrent_weights(self) -> Mapping[str, Tensor]:
        """For each gate the square matrix (units, units) through which it sees the hidden state.

        Where the hidden state is projected, the projection is part of it.
        """

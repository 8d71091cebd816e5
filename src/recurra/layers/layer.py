"""The contract of a layer: a recurrence over whole sequences."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from recurra.errors import ShapeError
from recurra.types import Input, Lengths, Resets


class Layer(nn.Module, ABC):
    """A net from (batch, time, input_size) to (batch, time, output_size) that carries a state.

    Attributes:
        input_size: Number of features of the input.
        output_size: Number of features of the outputs.
    """

    input_size: int
    output_size: int

    @abstractmethod
    def initial_state(self, batch_size: int) -> Any:
        """The state before the first step."""

    @abstractmethod
    def forward(
        self,
        input: Input,
        state: Any = None,
        *,
        lengths: Lengths | None = None,
        resets: Resets | None = None,
    ) -> tuple[Tensor, Any]:
        """Run over a batch of sequences.

        Args:
            input: (batch, time, input_size).
            state: The state before the first step; None for `initial_state`.
            lengths: (batch,), int64: the number of valid steps of every row; None when all are. They may be
                on a CPU where the input is not: nobody waits for its device.
            resets: (batch, time), bool: True where a row's state is set to zero before the step.

        Returns:
            Outputs (batch, time, output_size), zero past a row's length, and the state after the last valid
            step.

        Raises:
            ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        """


def check_states(state: Any, number: int, expected: str) -> None:
    """Check that the state of a layer that is made of layers has one part for each.

    Raises:
        ShapeError: It has not.
    """
    if not isinstance(state, (tuple, list)):
        got = f"a state of type {type(state).__name__}"
    elif len(state) != number:
        got = f"a state of {len(state)} layers"
    else:
        return
    raise ShapeError(got, expected, "Take it from initial_state(batch_size).")

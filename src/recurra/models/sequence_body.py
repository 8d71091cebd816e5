"""The three bodies a net over sequences may have: recurrent, feed-forward, convolutional.

Each maps (batch, time, input_size) to (batch, time, output_size), zero past a row's length, so that a
comparison compares only them.
"""

from itertools import pairwise
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import ConfigError
from recurra.layers.stack import Stack, make_stack
from recurra.recurrence import Recurrence
from recurra.types import valid_steps

NetworkName = Literal["recurrent", "feed_forward", "convolutional"]
Steps = Float[Tensor, "batch time _in"]
Lengths = Int[Tensor, " batch"]


class RecurrentBody(nn.Module):
    """A stack of recurrent layers, in one direction or two."""

    def __init__(self, input_size: int, recurrence: Recurrence) -> None:
        super().__init__()
        self.stack: Stack = make_stack(input_size, recurrence)
        self.output_size = self.stack.output_size

    def forward(self, steps: Steps, lengths: Lengths) -> Tensor:
        """Map (batch, time, input_size) to (batch, time, output_size)."""
        return self.carry_on(steps, lengths, None)[0]

    def carry_on(self, steps: Steps, lengths: Lengths, state: Any) -> tuple[Tensor, Any]:
        """The same from a state, None at the beginning; the state after the last steps beside the outputs."""
        outputs, after = self.stack(steps, state, lengths=lengths)
        return outputs, after


class FeedForwardBody(nn.Module):
    """The same small net at every step, which sees that step and some before and after it.

    Args:
        input_size: Features of a step.
        hidden_size: Units of each hidden layer, and outputs.
        window: Steps before and after that it sees.
        num_layers: Hidden layers.
        dropout: Share of hidden units dropped in training.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, window: int, num_layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.window, self.output_size = window, hidden_size
        sizes = [input_size * (2 * window + 1), *[hidden_size] * num_layers]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.GELU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)

    def forward(self, steps: Steps, lengths: Lengths) -> Tensor:
        """Map (batch, time, input_size) to (batch, time, hidden_size)."""
        valid = valid_steps(lengths, steps.shape[1]).unsqueeze(-1)
        seen = steps.masked_fill(~valid, 0)
        if self.window:
            wide = F.pad(seen, (0, 0, self.window, self.window))
            time = steps.shape[1]
            seen = torch.cat([wide[:, begin : begin + time] for begin in range(2 * self.window + 1)], dim=-1)
        outputs: Tensor = self.layers(seen)
        return outputs.masked_fill(~valid, 0)


class ConvolutionalBody(nn.Module):
    """Residual blocks of convolutions that see both sides, each twice as far apart as the one below.

    Args:
        input_size: Features of a step.
        hidden_size: Channels of each block, and outputs.
        num_blocks: Blocks; n of them see 2 * (2^n - 1) steps to each side.
        dropout: Share of channels' values dropped in training.

    Source: Bai, Kolter and Koltun (2018), without causality; Kim, "Convolutional neural networks for
    sentence classification" (2014).
    """

    def __init__(self, input_size: int, hidden_size: int, *, num_blocks: int, dropout: float) -> None:
        super().__init__()
        self.output_size = hidden_size
        self.entry = nn.Linear(input_size, hidden_size)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden_size, hidden_size, 3, padding=2**block, dilation=2**block)
            for block in range(num_blocks)
            for _ in range(2)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Steps, lengths: Lengths) -> Tensor:
        """Map (batch, time, input_size) to (batch, time, hidden_size)."""
        valid = valid_steps(lengths, steps.shape[1]).unsqueeze(1)
        values = self.entry(steps.masked_fill(~valid.transpose(1, 2), 0)).transpose(1, 2)
        values = values.masked_fill(~valid, 0)
        inner = values
        for number, convolution in enumerate(self.convolutions):
            inner = self.dropout(F.relu(convolution(inner))).masked_fill(~valid, 0)
            if number % 2:
                values = inner = values + inner
        outputs: Tensor = values.transpose(1, 2)
        return outputs


def make_body(
    network: NetworkName, input_size: int, recurrence: Recurrence, *, window: int = 0
) -> RecurrentBody | FeedForwardBody | ConvolutionalBody:
    """Make a body by its name, as wide and deep as the options of the recurrence say.

    Args:
        network: Its name.
        input_size: Features of a step.
        recurrence: Sizes; of bodies without recurrence the width counts for both directions.
        window: Steps before and after that the feed-forward body sees; the others do not read it.

    Raises:
        ConfigError: There is no such body, the window is negative, or the recurrence is refused
            (`make_stack`).
    """
    if network not in get_args(NetworkName):
        raise ConfigError(
            f"network is {network!r}", f"one of {', '.join(get_args(NetworkName))}", "Choose one of these."
        )
    if window < 0:
        raise ConfigError(f"window is {window}", "0 or more steps", "Use window=0 to see one step alone.")
    if network == "recurrent":
        return RecurrentBody(input_size, recurrence)
    width = recurrence.hidden_size * (2 if recurrence.bidirectional else 1)
    if network == "feed_forward":
        return FeedForwardBody(
            input_size, width, window=window, num_layers=recurrence.num_layers + 1, dropout=recurrence.dropout
        )
    return ConvolutionalBody(
        input_size, width, num_blocks=recurrence.num_layers + 1, dropout=recurrence.dropout
    )

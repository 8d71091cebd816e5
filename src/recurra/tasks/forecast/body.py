"""The three bodies a forecasting network may have: recurrent, feed-forward, convolutional.

Each maps the steps of the history and the steps of the horizon to one hidden vector for each step of the
horizon. They share everything else (inputs, heads, training), so that a comparison compares only them.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.models.encoder_decoder import EncoderDecoder
from recurra.models.feed_forward import FeedForward
from recurra.models.temporal_convolution import TemporalConvolution
from recurra.recurrence import Recurrence

NetworkName = Literal["recurrent", "feed_forward", "convolutional"]

HistorySteps = Float[Tensor, "batch history_steps history_size"]
HorizonSteps = Float[Tensor, "batch horizon_steps horizon_size"]
HiddenSteps = Float[Tensor, "batch horizon_steps hidden"]


class FeedForwardBody(nn.Module):
    """All steps side by side through a multilayer perceptron."""

    def __init__(
        self,
        history_shape: tuple[int, int],
        horizon_shape: tuple[int, int],
        hidden_size: int,
        *,
        num_layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.horizon_steps = horizon_shape[0]
        size = history_shape[0] * history_shape[1] + horizon_shape[0] * horizon_shape[1]
        outputs = self.horizon_steps * hidden_size
        self.network = FeedForward(size, 2 * hidden_size, outputs, num_layers=num_layers, dropout=dropout)

    def forward(self, history: HistorySteps, horizon: HorizonSteps) -> HiddenSteps:
        """One hidden vector for each step of the horizon."""
        output: Tensor = self.network(torch.cat([history.flatten(1), horizon.flatten(1)], dim=1))
        return output.view(output.shape[0], self.horizon_steps, -1)


class ConvolutionalBody(nn.Module):
    """The history, then the horizon, through causal convolutions; the last steps' outputs count."""

    def __init__(
        self,
        history_shape: tuple[int, int],
        horizon_shape: tuple[int, int],
        hidden_size: int,
        *,
        dropout: float,
    ) -> None:
        super().__init__()
        self.horizon_steps = horizon_shape[0]
        self.history_projection = nn.Linear(history_shape[1], hidden_size)
        self.horizon_projection = nn.Linear(horizon_shape[1], hidden_size)
        span = history_shape[0] + horizon_shape[0]
        self.network = TemporalConvolution(hidden_size, hidden_size, span=span, dropout=dropout)

    def forward(self, history: HistorySteps, horizon: HorizonSteps) -> HiddenSteps:
        """One hidden vector for each step of the horizon."""
        steps = torch.cat([self.history_projection(history), self.horizon_projection(horizon)], dim=1)
        output: Tensor = self.network(F.gelu(steps))
        return output[:, -self.horizon_steps :]


def make_body(
    network: NetworkName,
    history_shape: tuple[int, int],
    horizon_shape: tuple[int, int],
    recurrence: Recurrence,
) -> nn.Module:
    """Make a body by its name; the shapes are `(steps, features)`."""
    hidden_size, dropout = recurrence.hidden_size, recurrence.dropout
    if network == "feed_forward":
        layers = recurrence.num_layers + 1
        return FeedForwardBody(history_shape, horizon_shape, hidden_size, num_layers=layers, dropout=dropout)
    if network == "convolutional":
        return ConvolutionalBody(history_shape, horizon_shape, hidden_size, dropout=dropout)
    return EncoderDecoder(history_shape[1], horizon_shape[1], recurrence)

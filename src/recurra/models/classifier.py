"""Many-to-one: an encoder, a body, a pooling over time, and one result for each sequence."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.layers.bidirectional import Bidirectional
from recurra.layers.dropout import VariationalDropout
from recurra.layers.pooling import Pooling
from recurra.models.sequence_body import RecurrentBody
from recurra.types import Sequences


class SequenceClassifier(nn.Module):
    """A net that gives one result for a sequence of any length.

    Args:
        encoder: Encoded steps (batch, time, ...) to features (batch, time, features).
        body: Features and lengths to outputs, with `output_size`.
        pooling: Outputs and lengths to one vector.
        output_size: Number of results.
        dropout: Share of values dropped before the result, in training.
        input_dropout: Share of features dropped before the body, the same at all steps of a row, in training.

    Attributes:
        temperature: What results are divided by before they become probabilities; 1 unless calibrated.
    """

    def __init__(
        self,
        encoder: nn.Module,
        body: Any,
        pooling: Pooling,
        output_size: int,
        dropout: float,
        *,
        input_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder, self.body, self.pooling = encoder, body, pooling
        self.input_dropout, self.dropout = VariationalDropout(input_dropout), nn.Dropout(dropout)
        self.output = nn.Linear(body.output_size, output_size)
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, sequences: Sequences) -> Tensor:
        """Results (batch, output_size)."""
        features = self.input_dropout(self.encoder(sequences.values, sequences.lengths))
        outputs = self.body(features, sequences.lengths)
        result: Tensor = self.output(self.dropout(self.pooling(outputs, sequences.lengths)))
        return result

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through, up to results that are not yet divided by the temperature.

        Raises:
            ConfigError: The net needs more than its state and a step.
        """
        return [*stream_body(self.encoder, self.body), self.pooling, self.output]


def stream_body(encoder: Any, body: nn.Module) -> Sequence[nn.Module]:
    """What a step of encoder and body runs through.

    Raises:
        ConfigError: The body is no recurrence in one direction.
    """
    if not isinstance(body, RecurrentBody):
        raise ConfigError(
            f"a {type(body).__name__}, which has no state",
            "a recurrent net",
            "Train with network=recurrent bidirectional=false.",
        )
    if any(isinstance(layer, Bidirectional) for layer in body.stack.layers):
        raise ConfigError(
            "bidirectional is True, whose second direction starts at the last step",
            "bidirectional=False",
            "Train with bidirectional=false.",
        )
    return [*encoder.stream_modules(), body.stack]

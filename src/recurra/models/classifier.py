"""Many-to-one: an encoder, a body, a pooling over time, and one result for each sequence."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.layers.bidirectional import Bidirectional
from recurra.layers.dropout import VariationalDropout
from recurra.layers.pooling import Pooling
from recurra.models.committee import CommitteeBody
from recurra.models.sequence_body import RecurrentBody
from recurra.types import Sequences


class SequenceClassifier(nn.Module):
    """A net that gives one result for a sequence of any length.

    Args:
        encoder: Encoded steps (batch, time, ...) to features (batch, time, features).
        body: Features and lengths to outputs, with `output_size`. The results of the members of a committee
            are averaged.
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
        self.members = body.members if isinstance(body, CommitteeBody) else 1
        self.output = nn.Linear(body.output_size, output_size)
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, sequences: Sequences) -> Tensor:
        """Results (batch, output_size)."""
        result: Tensor = self.output(self._pooled(sequences) / self.members)
        return result

    def each(self, sequences: Sequences) -> Tensor:
        """Results of each member, (members, batch, output_size), whose mean `forward` gives.

        With pooling "attention" members share how steps are weighted.
        """
        pooled = self._pooled(sequences)
        if not isinstance(self.body, CommitteeBody):
            result: Tensor = self.output(pooled)
            return result.unsqueeze(0)
        weights = self.body.apart(self.output.weight)
        return torch.einsum("mbf,mof->mbo", self.body.apart(pooled), weights) + self.output.bias

    def averaging_output(self) -> nn.Linear:
        """A map from what is pooled to the results, which is `output` where there is one member."""
        if self.members == 1:
            return self.output
        found = copy.deepcopy(self.output)
        with torch.no_grad():
            found.weight.div_(self.members)
        return found

    def _pooled(self, sequences: Sequences) -> Tensor:
        features = self.input_dropout(self.encoder(sequences.values, sequences.lengths))
        outputs = self.body(features, sequences.lengths)
        pooled: Tensor = self.dropout(self.pooling(outputs, sequences.lengths))
        return pooled

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through, up to results that are not yet divided by the temperature.

        Raises:
            ConfigError: The net needs more than its state and a step.
        """
        return [*stream_body(self.encoder, self.body), self.pooling, self.averaging_output()]


def stream_body(encoder: Any, body: nn.Module) -> Sequence[nn.Module]:
    """What a step of encoder and body runs through.

    Raises:
        ConfigError: The body is no recurrence in one direction.
    """
    if not isinstance(body, RecurrentBody | CommitteeBody):
        raise ConfigError(
            f"a {type(body).__name__}, which has no state",
            "a recurrent net",
            "Train with network=recurrent bidirectional=false.",
        )
    stack = body.stack
    if any(isinstance(layer, Bidirectional) for layer in stack.layers):
        raise ConfigError(
            "bidirectional is True, whose second direction starts at the last step",
            "bidirectional=False",
            "Train with bidirectional=false.",
        )
    return [*encoder.stream_modules(), stack]

"""Aligned many-to-many: an encoder, a body, and scores of all tags for each step."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.layers.crf import LinearChainCRF
from recurra.models.classifier import stream_body
from recurra.types import Sequences


class SequenceTagger(nn.Module):
    """A net that gives scores for each step of a sequence of any length.

    Args:
        encoder: Encoded steps (batch, time, ...) to features (batch, time, features).
        body: Features and lengths to outputs, with `output_size`.
        output_size: Number of tags.
        dropout: Share of values dropped before the scores, in training.
        crf: What joins the scores to a sequence; None: each step stands by itself.
    """

    def __init__(
        self,
        encoder: nn.Module,
        body: Any,
        output_size: int,
        dropout: float,
        crf: LinearChainCRF | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.body, self.crf = encoder, body, crf
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(body.output_size, output_size)

    def forward(self, sequences: Sequences) -> Tensor:
        """Scores (batch, time, output_size); past a row's length they have no meaning."""
        return self._scores(self.body(self.encoder(sequences.values, sequences.lengths), sequences.lengths))

    def carry_on(self, sequences: Sequences, state: Any) -> tuple[Tensor, Any]:
        """The scores of a chunk from the state after the one before (None: it is the first), and its own.

        Chunks give what the whole gives, if the body is recurrent in one direction; no other has a state.
        """
        outputs, after = self.body.carry_on(
            self.encoder(sequences.values, sequences.lengths), sequences.lengths, state
        )
        return self._scores(outputs), after

    def _scores(self, outputs: Tensor) -> Tensor:
        scores: Tensor = self.output(self.dropout(outputs))
        return scores

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through.

        Raises:
            ConfigError: The net needs more than its state and a step.
        """
        if self.crf is not None:
            raise ConfigError(
                "output is 'crf', whose tags follow from the whole sequence",
                "output=softmax",
                "Train with output=softmax bidirectional=false, and look_ahead=STEPS if a tag may wait.",
            )
        return [*stream_body(self.encoder, self.body), self.output]

"""Unaligned many-to-many: a net of steps, one of the symbols that were told, and scores of both together."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.layers.stack import make_stack
from recurra.models.classifier import stream_body
from recurra.recurrence import Recurrence
from recurra.types import Sequences


class RecurrentTransducer(nn.Module):
    """A transducer: after every symbol that was told, scores of all labels at every step.

        scores[t, u] = output(tanh(step_projection(step outputs[t]) + told_projection(told outputs[u])))

    The net of symbols has one layer, in one direction; before the first symbol it reads the blank, 0.

    Args:
        encoder: Encoded steps (batch, time, ...) to features (batch, time, features).
        body: Features and lengths to outputs, with `output_size`.
        output_size: Number of labels, the blank among them.
        recurrence: Of the net of symbols; its hidden size is that of embedding and joint layer, too.
        dropout: Share of both nets' outputs dropped in training.

    Source: Graves, "Sequence transduction with recurrent neural networks" (2012); joined by tanh as in
    Graves, Mohamed and Hinton, "Speech recognition with deep recurrent neural networks" (2013).
    """

    def __init__(
        self, encoder: nn.Module, body: Any, output_size: int, recurrence: Recurrence, dropout: float
    ) -> None:
        super().__init__()
        size = recurrence.hidden_size
        self.encoder, self.body, self.dropout = encoder, body, nn.Dropout(dropout)
        self.embedding = nn.Embedding(output_size, size)
        self.stack = make_stack(
            size, recurrence.model_copy(update={"bidirectional": False, "num_layers": 1, "dropout": 0.0})
        )
        self.step_projection = nn.Linear(body.output_size, size)
        self.told_projection = nn.Linear(self.stack.output_size, size, bias=False)
        self.output = nn.Linear(size, output_size)

    def forward(
        self, sequences: Sequences, target: Int[Tensor, "batch symbols"]
    ) -> tuple[Float[Tensor, "batch time places labels"], Float[Tensor, "batch time labels"]]:
        """Scores at every step after every beginning of a text, and those of the steps by themselves.

        The latter, which are those where the net of symbols says nothing, are for training. Past a row's
        length, and its text's, whose symbols are negative there, scores have no meaning.
        """
        before = target.new_zeros(len(target), 1)
        told, _ = self.predict(torch.cat([before, target.clamp(min=0)], dim=1))
        steps = self.read(sequences)
        scores = self.output(torch.tanh(steps[:, :, None] + told[:, None]))
        return scores, self.output(torch.tanh(steps))

    def read(self, sequences: Sequences) -> Float[Tensor, "batch time size"]:
        """What the steps bring to the joint layer."""
        outputs = self.body(self.encoder(sequences.values, sequences.lengths), sequences.lengths)
        found: Tensor = self.step_projection(self.dropout(outputs))
        return found

    def predict(self, symbols: Int[Tensor, "batch places"], state: Any = None) -> tuple[Tensor, Any]:
        """What symbols bring to it after each, (batch, places, size), and the state after the last."""
        outputs, state = self.stack(self.embedding(symbols), state)
        return self.told_projection(self.dropout(outputs)), state

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through, up to the joint layer.

        Raises:
            ConfigError: The net needs more than its state and a step.
        """
        return [*stream_body(self.encoder, self.body), self.step_projection]

    def told_modules(self) -> Sequence[nn.Module]:
        """What a symbol runs through, up to the joint layer."""
        return [self.embedding, self.stack, self.told_projection]

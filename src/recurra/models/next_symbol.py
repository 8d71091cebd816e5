"""A net that tells the next symbol: many-to-many, and one-to-many when it goes on alone."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from recurra.layers.dropout import VariationalDropout, check_probability
from recurra.layers.linear_cross_entropy import linear_cross_entropy, token_losses
from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence

_SPREAD = 0.1


class NextSymbol(nn.Module):
    """An embedding, a stack of recurrent layers, and an output for every symbol.

    Args:
        vocabulary: How many symbols there are.
        embedding_size: Numbers that stand for a symbol.
        recurrence: The recurrent layers.
        tied: Whether the output layer has the embedding's weights (Inan and others 2017; Press & Wolf 2017);
            where layers are wider than the embedding, a linear layer stands between.
        input_dropout: Share of an embedding's numbers dropped in training.
        output_dropout: Share of the last layer's outputs dropped in training.
        embedding_dropout: Share of symbols dropped as a whole in training (Gal & Ghahramani 2016).

    Raises:
        ConfigError: A share is out of range, or the recurrence is refused (`make_stack`).
    """

    def __init__(
        self,
        vocabulary: int,
        embedding_size: int,
        recurrence: Recurrence,
        *,
        tied: bool = True,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_probability("embedding_dropout", embedding_dropout)
        self.embedding = nn.Embedding(vocabulary, embedding_size)
        self.stack = make_stack(embedding_size, recurrence)
        narrows = tied and self.stack.output_size != embedding_size
        self.projection = nn.Linear(self.stack.output_size, embedding_size) if narrows else None
        nn.init.uniform_(self.embedding.weight, -_SPREAD, _SPREAD)
        width = embedding_size if tied else self.stack.output_size
        self.output_weight = None if tied else nn.Parameter(torch.empty(vocabulary, width))
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        if self.output_weight is not None:
            nn.init.uniform_(self.output_weight, -_SPREAD, _SPREAD)
        dropout = VariationalDropout if recurrence.variational else nn.Dropout
        self.input_dropout, self.output_dropout = dropout(input_dropout), dropout(output_dropout)
        self.embedding_dropout = embedding_dropout

    def forward(
        self,
        ids: Int[Tensor, "batch time"],
        state: Any = None,
        *,
        resets: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Tensor, Any]:
        """The logits (batch, time, vocabulary) of what comes next, and the state after the last step."""
        features, state = self.features(ids, state, resets=resets)
        logits = F.linear(features, self._weight(), self.output_bias)
        return logits, state

    def features(
        self,
        ids: Int[Tensor, "batch time"],
        state: Any = None,
        *,
        resets: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Tensor, Any]:
        """What the output layer reads, (batch, time, features), and the state after the last step.

        Args:
            ids: (batch, time) symbols.
            state: After the steps before; None at the beginning.
            resets: (batch, time) True where a row begins anew before a step.
        """
        outputs, state = self.outputs(ids, state, resets=resets)
        return self.narrowed(self.output_dropout(outputs)), state

    def outputs(
        self,
        ids: Int[Tensor, "batch time"],
        state: Any = None,
        *,
        resets: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Tensor, Any]:
        """The outputs of the last recurrent layer, undropped, and the state after the last step."""
        weight = self.embedding.weight
        if self.training and self.embedding_dropout:
            weight = weight * F.dropout(weight.new_ones(len(weight), 1), self.embedding_dropout)
        outputs, state = self.stack(self.input_dropout(F.embedding(ids, weight)), state, resets=resets)
        return outputs, state

    def narrowed(self, outputs: Tensor) -> Tensor:
        """Outputs of the last layer as the output layer reads them."""
        return outputs if self.projection is None else self.projection(outputs)

    def loss(
        self,
        features: Float[Tensor, "batch time features"],
        targets: Int[Tensor, "batch time"],
        smoothing: float = 0.0,
    ) -> Tensor:
        """The summed cross-entropy of all steps, a scalar, in nats."""
        return linear_cross_entropy(
            features.flatten(0, 1),
            self._weight(),
            self.output_bias,
            targets.flatten(),
            label_smoothing=smoothing,
        )

    @torch.no_grad()
    def losses(
        self,
        ids: Int[Tensor, "batch time"],
        targets: Int[Tensor, "batch time"],
        state: Any = None,
        resets: Any = None,
    ) -> tuple[Float[Tensor, "batch time"], Any]:
        """The cross-entropy of every step, in nats, and the state after the last."""
        features, state = self.features(ids, state, resets=resets)
        return self.losses_of(features, targets), state

    @torch.no_grad()
    def losses_of(
        self, features: Float[Tensor, "batch time features"], targets: Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time"]:
        """The cross-entropy of every step, in nats, from what the output layer reads."""
        found = token_losses(features.flatten(0, 1), self._weight(), self.output_bias, targets.flatten())
        return found.view(targets.shape)

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a live step runs through, for `recurra.export`."""
        narrowing = [] if self.projection is None else [self.projection]
        output = nn.Linear(self._weight().shape[1], len(self.output_bias))
        output.weight, output.bias = nn.Parameter(self._weight()), self.output_bias
        return [self.embedding, self.stack, *narrowing, output]

    def _weight(self) -> Tensor:
        """Of the output layer."""
        return self.embedding.weight if self.output_weight is None else self.output_weight

"""A net that tells the next symbol: many-to-many, and one-to-many when it goes on alone."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from recurra.layers.dropout import VariationalDropout, check_probability
from recurra.layers.output import StreamForm, Symbols, make_output
from recurra.layers.stack import make_stack
from recurra.output import Output
from recurra.recurrence import Recurrence

_SPREAD = 0.1
_EARLIER = {"projection.": "output.projection.", "output_": "output."}  # names of weights in earlier runs


class NextSymbol(nn.Module):
    """An embedding, a stack of recurrent layers, and an output layer over all symbols.

    Args:
        vocabulary: How many symbols there are.
        embedding_size: Numbers that stand for a symbol.
        recurrence: The recurrent layers.
        output: The output layer, and whether it has the embedding's weights; None: a softmax that has.
        order: The symbols from the most frequent to the rarest, for outputs that ask for it; None: they are
            in this order.
        input_dropout: Share of an embedding's numbers dropped in training.
        output_dropout: Share of the last layer's outputs dropped in training.
        embedding_dropout: Share of symbols dropped as a whole in training (Gal & Ghahramani 2016).

    Raises:
        ConfigError: A share is out of range, the recurrence is refused (`make_stack`), or the output
            (`make_output`).
    """

    def __init__(
        self,
        vocabulary: int,
        embedding_size: int,
        recurrence: Recurrence,
        *,
        output: Output | None = None,
        order: Sequence[int] | None = None,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_probability("embedding_dropout", embedding_dropout)
        options = output or Output()
        self.embedding = nn.Embedding(vocabulary, embedding_size)
        self.stack = make_stack(embedding_size, recurrence)
        nn.init.uniform_(self.embedding.weight, -_SPREAD, _SPREAD)
        self._tied = options.tied
        symbols = Symbols(vocabulary, embedding_size if options.tied else None, order)
        self.output = make_output(self.stack.output_size, symbols, options)
        dropout = VariationalDropout if recurrence.variational else nn.Dropout
        self.input_dropout, self.output_dropout = dropout(input_dropout), dropout(output_dropout)
        self.embedding_dropout = embedding_dropout
        self.register_load_state_dict_pre_hook(_with_names_of_today)  # type: ignore[no-untyped-call]

    def forward(
        self,
        ids: Int[Tensor, "batch time"],
        state: Any = None,
        *,
        resets: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Tensor, Any]:
        """The logits (batch, time, vocabulary) of what comes next, and the state after the last step."""
        features, state = self.features(ids, state, resets=resets)
        return self.output.logits(features, self._table()), state

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
        return self.output_dropout(outputs), state

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

    def loss(
        self,
        features: Float[Tensor, "batch time features"],
        targets: Int[Tensor, "batch time"],
        smoothing: float = 0.0,
    ) -> Tensor:
        """The summed loss of all steps, a scalar, in nats; see `OutputLayer.loss`."""
        return self.output.loss(features.flatten(0, 1), targets.flatten(), self._table(), smoothing)

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
        found = self.output.losses(features.flatten(0, 1), targets.flatten(), self._table())
        return found.view(targets.shape)

    def stream_form(self) -> StreamForm:
        """What a live step runs through, for `recurra.export`, and what makes logits of its outputs."""
        form = self.output.stream_form(self._table())
        return form._replace(modules=[self.embedding, self.stack, *form.modules])

    def _table(self) -> Tensor | None:
        """The weights that both ends have in common."""
        return self.embedding.weight if self._tied else None


def _with_names_of_today(module: nn.Module, weights: dict[str, Any], prefix: str, *_: Any) -> None:
    """Rename the weights of a net that was saved when the output layer was no module of its own."""
    del module
    for name in list(weights):
        own = name.removeprefix(prefix)
        for earlier, today in _EARLIER.items():
            if name.startswith(prefix) and own.startswith(earlier):
                weights[prefix + today + own.removeprefix(earlier)] = weights.pop(name)

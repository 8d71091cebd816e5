"""Many-to-many of unequal lengths: a net reads, another writes, and looks back at each of its steps."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.layers.attention import AttentionName, Memory, make_attention
from recurra.layers.dropout import VariationalDropout
from recurra.layers.linear_cross_entropy import linear_cross_entropy
from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.types import Sequences

_SPREAD = 0.1


class WriterState(NamedTuple):
    """What a step of writing starts from.

    Attributes:
        recurrent: Of the layers that write.
        fed: (batch, features) the outputs of the step before.
        looked: (batch, time) of the attention.
    """

    recurrent: tuple[Any, ...]
    fed: Tensor
    looked: Tensor


class AttentiveEncoderDecoder(nn.Module):
    """A recurrent encoder, and a recurrent decoder that attends to what it gives.

    s_i = stack([y_{i-1}; o_{i-1}], s_{i-1}),  c_i = attention(s_i, memory),  o_i = tanh(W [s_i; c_i])

    and the logits of y_i are o_i times the embeddings of all symbols. Without input feeding o_{i-1} is left
    out, and all steps of training are taken at once.

    Args:
        encoder: From (batch, time, ...) to (batch, time, output_size).
        body: From these and lengths to the memory, (batch, time, output_size).
        vocabulary: How many symbols can be written.
        embedding_size: Numbers that stand for one.
        recurrence: Of the layers that write; they go in one direction.
        attention: How it looks back.
        input_feeding: Whether a step reads the outputs of the one before. What is dropped within the layers
            and between them is then drawn anew at each step, variational or not.
        output_dropout: Share of an o_i dropped in training.

    Source: Luong, Pham & Manning, "Effective approaches to attention-based neural machine translation"
    (2015); the first state as in Xu and others, "Show, attend and tell" (2015).
    """

    def __init__(
        self,
        encoder: nn.Module,
        body: nn.Module,
        memory_size: int,
        vocabulary: int,
        embedding_size: int,
        recurrence: Recurrence,
        *,
        attention: AttentionName = "general",
        input_feeding: bool = True,
        output_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        own = recurrence.model_copy(update={"bidirectional": False, "residual": False})
        size = recurrence.hidden_size
        self.encoder, self.body, self.input_feeding = encoder, body, input_feeding
        self.embedding = nn.Embedding(vocabulary, embedding_size)
        nn.init.uniform_(self.embedding.weight, -_SPREAD, _SPREAD)
        self.stack = make_stack(embedding_size * (2 if input_feeding else 1), own)
        self.attention = make_attention(attention, size, memory_size, size)
        self.start = nn.Linear(memory_size, size * own.num_layers)
        self.combine = nn.Linear(size + memory_size, embedding_size)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        dropout = VariationalDropout if recurrence.variational else nn.Dropout
        self.input_dropout, self.output_dropout = dropout(recurrence.dropout), dropout(output_dropout)

    def read(self, source: Sequences) -> tuple[Memory, WriterState]:
        """What is looked back at, and the state before the first step."""
        lengths = source.lengths
        memory = self.attention.remember(self.body(self.encoder(source.values), lengths), lengths)
        mean = memory.values.sum(dim=1) / lengths.clamp(min=1).unsqueeze(-1)
        hidden = torch.tanh(self.start(mean)).chunk(len(self.stack.layers), dim=-1)
        zeros = self.stack.initial_state(len(source))
        recurrent = tuple(state._replace(hidden=own) for state, own in zip(zeros, hidden, strict=True))
        fed = mean.new_zeros(len(source), self.embedding.embedding_dim)
        return memory, WriterState(recurrent, fed, self.attention.initial_state(memory))

    def step(
        self, ids: Int[Tensor, " batch"], memory: Memory, state: WriterState
    ) -> tuple[Float[Tensor, "batch features"], Float[Tensor, "batch time"], WriterState]:
        """One step of writing: outputs (batch, features), where it looked, and the state after it.

        It drops nothing at its ends: a sequence of training draws that once for all of its steps.
        """
        return self._advance(self.embedding(ids), memory, state)

    def _advance(
        self, embedded: Float[Tensor, "batch embedding"], memory: Memory, state: WriterState
    ) -> tuple[Tensor, Tensor, WriterState]:
        inputs = torch.cat([embedded, state.fed], dim=-1) if self.input_feeding else embedded
        hidden, recurrent = self.stack(inputs.unsqueeze(1), state.recurrent)
        found = self.attention(hidden[:, 0], memory, state.looked)
        outputs = torch.tanh(self.combine(torch.cat([hidden[:, 0], found.context], dim=-1)))
        return outputs, found.weights, WriterState(recurrent, outputs, found.state)

    def forward(
        self, source: Sequences, ids: Int[Tensor, "batch steps"]
    ) -> Float[Tensor, "batch steps features"]:
        """The outputs of all steps, where each reads what should have been written before it."""
        memory, state = self.read(source)
        embedded = self.input_dropout(self.embedding(ids))
        if self.input_feeding or self.attention.takes_state:
            kept = self.output_dropout(embedded.new_ones(embedded.shape))
            found = []
            for own, mask in zip(embedded.unbind(dim=1), kept.unbind(dim=1), strict=True):
                outputs, _, state = self._advance(own, memory, state)
                outputs = outputs * mask
                state = state._replace(fed=outputs)
                found.append(outputs)
            return torch.stack(found, dim=1)
        hidden, _ = self.stack(embedded, state.recurrent)
        context, _ = self.attention.over(hidden, memory)
        outputs = torch.tanh(self.combine(torch.cat([hidden, context], dim=-1)))
        dropped: Tensor = self.output_dropout(outputs)
        return dropped

    def logits(self, outputs: Float[Tensor, "... features"]) -> Float[Tensor, "... vocabulary"]:
        """How likely each symbol is after steps of these outputs."""
        return nn.functional.linear(outputs, self.embedding.weight, self.output_bias)

    def loss(
        self, outputs: Tensor, targets: Int[Tensor, "batch steps"], smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        """The summed cross-entropy of all steps, in nats; a target of -100 does not count."""
        return linear_cross_entropy(
            outputs.flatten(0, 1),
            self.embedding.weight,
            self.output_bias,
            targets.flatten(),
            label_smoothing=smoothing,
        )


def memory_of(memory: Memory, rows: Int[Tensor, " rows"]) -> Memory:
    """Some rows of a memory, each as often as it is named."""
    return Memory(*(one.index_select(0, rows) for one in memory))

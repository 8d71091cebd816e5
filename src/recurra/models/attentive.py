"""Many-to-many of unequal lengths: a net reads, another writes, and looks back at each of its steps."""

from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.layers.attention import AttentionName, Memory, make_attention
from recurra.layers.dropout import VariationalDropout
from recurra.layers.linear_cross_entropy import linear_cross_entropy
from recurra.layers.pointer import copying_log_probabilities, copying_loss
from recurra.layers.stack import make_stack
from recurra.layers.stepper import Advance, stepper
from recurra.recurrence import Recurrence
from recurra.training.carried_state import mapped
from recurra.types import Sequences, valid_steps

_SPREAD = 0.1


class Source(NamedTuple):
    """What is looked back at.

    Attributes:
        memory: What the reading net made of it.
        symbols: (batch, time) the numbers that what was read has where it is written; None without copying.
    """

    memory: Memory
    symbols: Int[Tensor, "batch time"] | None = None

    def rows(self, rows: Int[Tensor, " rows"]) -> "Source":
        """Some rows, each as often as it is named."""
        memory = Memory(*(one.index_select(0, rows) for one in self.memory))
        return Source(memory, None if self.symbols is None else self.symbols.index_select(0, rows))


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


class Written(NamedTuple):
    """What writing gives: of a step, or of all with a further axis after the batch.

    Attributes:
        outputs: (batch, features) what the output layer reads.
        weights: (batch, time) where it looked.
        gate: (batch,) the logit of writing a symbol and not copying one; None without copying.
    """

    outputs: Tensor
    weights: Tensor
    gate: Tensor | None


class AttentiveEncoderDecoder(nn.Module):
    """A recurrent encoder, and a recurrent decoder that attends to what it gives.

    s_i = stack([y_{i-1}; o_{i-1}], s_{i-1}),  c_i = attention(s_i, memory),  o_i = tanh(W [s_i; c_i])

    and the logits of y_i are o_i times the embeddings of all symbols. Without input feeding o_{i-1} is left
    out, and all steps of training are taken at once. With copying y_i may also be what stands where it looks
    (`recurra.layers.pointer`); the last column of what is read then holds the numbers that its symbols have
    where they are written, those past the vocabulary for symbols of that row alone.

    Args:
        encoder: From (batch, time, ...) to (batch, time, output_size).
        body: From these and lengths to the memory, (batch, time, output_size).
        memory_size: Features of the memory.
        vocabulary: How many symbols can be written.
        embedding_size: Numbers that stand for one.
        recurrence: Of the layers that write; they go in one direction.
        attention: How it looks back.
        input_feeding: Whether a step reads the outputs of the one before.
        output_dropout: Share of an o_i dropped in training.
        copying: Whether symbols can be copied.
        joint: Whether the embeddings of the encoder (its `embedding`) are those of the symbols to write, too:
            one set of weights for reading, writing and output (Press & Wolf 2017).
        unknown: The symbol that is read where one past the vocabulary was written before.

    Raises:
        ConfigError: The embeddings of a joint vocabulary are not alike, or the attention is refused.

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
        copying: bool = False,
        joint: bool = False,
        unknown: int = 1,
    ) -> None:
        super().__init__()
        own = recurrence.model_copy(update={"bidirectional": False, "residual": False})
        size = recurrence.hidden_size
        self.encoder, self.body, self.input_feeding = encoder, body, input_feeding
        self.embedding_size, self.unknown = embedding_size, unknown
        self.embedding = None if joint else nn.Embedding(vocabulary, embedding_size)
        if self.embedding is not None:
            nn.init.uniform_(self.embedding.weight, -_SPREAD, _SPREAD)
        shape = tuple(self._symbols.weight.shape)
        if shape != (vocabulary, embedding_size):
            raise ConfigError(
                f"embeddings of what is read of shape {shape} as those of what is written",
                f"{vocabulary} symbols of {embedding_size} numbers",
                "Give both the same alphabet and size, or do not join them.",
            )
        self.stack = make_stack(embedding_size * (2 if input_feeding else 1), own)
        self.attention = make_attention(attention, size, memory_size, size)
        self.start = nn.Linear(memory_size, size * own.num_layers)
        self.combine = nn.Linear(size + memory_size, embedding_size)
        self.gate = nn.Linear(size + memory_size + embedding_size, 1) if copying else None
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        dropout = VariationalDropout if recurrence.variational else nn.Dropout
        self.input_dropout, self.output_dropout = dropout(recurrence.dropout), dropout(output_dropout)

    def read(self, source: Sequences) -> tuple[Source, WriterState]:
        """What is looked back at, and the state before the first step.

        Raises:
            ConfigError: Symbols are to be copied from places that are not those of what is read.
        """
        lengths = source.lengths
        memory = self.attention.remember(self.body(self.encoder(source.values, lengths), lengths), lengths)
        symbols = None if self.gate is None else _copied_symbols(source)
        if symbols is not None and symbols.shape != memory.mask.shape:
            raise ConfigError(
                f"copying from {memory.mask.shape[1]} places for {symbols.shape[1]} symbols that are read",
                "a place for each symbol",
                "Use an encoder that gives every step an output, or no copying.",
            )
        mean = memory.values.sum(dim=1) / lengths.clamp(min=1).unsqueeze(-1)
        hidden = torch.tanh(self.start(mean)).chunk(len(self.stack.layers), dim=-1)
        zeros = self.stack.initial_state(len(source))
        recurrent = tuple(state._replace(hidden=own) for state, own in zip(zeros, hidden, strict=True))
        fed = mean.new_zeros(len(source), self.embedding_size)
        start = WriterState(recurrent, fed, self.attention.initial_state(memory))
        return Source(memory, symbols), start

    def step(
        self, ids: Int[Tensor, " batch"], source: Source, state: WriterState
    ) -> tuple[Written, WriterState]:
        """One step of writing, and the state after it.

        It drops nothing at its ends: a sequence of training draws that once for all of its steps.
        """
        return self._advance(self._embedded(ids), source, state, self.stack)

    def forward(
        self,
        source: Sequences,
        ids: Int[Tensor, "texts steps"],
        own_share: float = 0.0,
        rows: Int[Tensor, " texts"] | None = None,
    ) -> Written:
        """All steps, where each reads what should have been written before it.

        Args:
            source: What is read.
            ids: (texts, steps) what should have been written before each step.
            own_share: Share of the steps that read what the net itself draws instead, by what it gave as
                likely at the step before; no gradient goes through the draw (Bengio, Vinyals, Jaitly &
                Shazeer, "Scheduled sampling for sequence prediction with recurrent neural networks", 2015).
            rows: Which row of what is read each text is of, where rows may have several; it is read once.
        """
        read, state = self.read(source)
        if rows is not None:
            read, state = read.rows(rows), mapped(state, partial(torch.index_select, dim=0, index=rows))
        if self.input_feeding or self.attention.takes_state or own_share:
            return self._one_by_one(read, state, ids, own_share)
        embedded = self.input_dropout(self._embedded(ids))
        hidden, _ = self.stack(embedded, state.recurrent)
        context, weights = self.attention.over(hidden, read.memory)
        outputs = torch.tanh(self.combine(torch.cat([hidden, context], dim=-1)))
        return Written(self.output_dropout(outputs), weights, self._gated(hidden, context, embedded))

    def _one_by_one(self, source: Source, state: WriterState, ids: Tensor, own_share: float) -> Written:
        shape = (*ids.shape, self.embedding_size)
        kept_inputs = self.input_dropout(state.fed.new_ones(shape)).unbind(dim=1)
        kept = self.output_dropout(state.fed.new_ones(shape)).unbind(dim=1)
        stack = stepper(self.stack, len(ids))
        found: list[Written] = []
        for place, told in enumerate(ids.unbind(dim=1)):
            before = self._drawn(told, found[-1], source, own_share) if place and own_share else told
            own, state = self._advance(self._embedded(before) * kept_inputs[place], source, state, stack)
            own = own._replace(outputs=own.outputs * kept[place])
            state = state._replace(fed=own.outputs)
            found.append(own)
        outputs, weights, gates = zip(*found, strict=True)
        gate = None if self.gate is None else torch.stack(gates, dim=1)
        return Written(torch.stack(outputs, dim=1), torch.stack(weights, dim=1), gate)

    def _advance(
        self, embedded: Float[Tensor, "batch embedding"], source: Source, state: WriterState, stack: Advance
    ) -> tuple[Written, WriterState]:
        inputs = torch.cat([embedded, state.fed], dim=-1) if self.input_feeding else embedded
        hidden, recurrent = stack(inputs.unsqueeze(1), state.recurrent)
        found = self.attention(hidden[:, 0], source.memory, state.looked)
        outputs = torch.tanh(self.combine(torch.cat([hidden[:, 0], found.context], dim=-1)))
        gate = self._gated(hidden[:, 0], found.context, embedded)
        return Written(outputs, found.weights, gate), WriterState(recurrent, outputs, found.state)

    def _gated(self, hidden: Tensor, context: Tensor, embedded: Tensor) -> Tensor | None:
        if self.gate is None:
            return None
        gate: Tensor = self.gate(torch.cat([hidden, context, embedded], dim=-1)).squeeze(-1)
        return gate

    @torch.no_grad()
    def _drawn(self, told: Tensor, before: Written, source: Source, share: float) -> Tensor:
        """Of some rows what is drawn, of the others what is told."""
        drawn = self.log_probabilities(before, source).exp().multinomial(1)[:, 0]
        return torch.where(torch.rand(len(told), device=told.device) < share, drawn, told)

    @property
    def _symbols(self) -> nn.Embedding:
        found: nn.Embedding = self.encoder.embedding if self.embedding is None else self.embedding  # type: ignore[assignment]
        return found

    def _embedded(self, ids: Tensor) -> Tensor:
        symbols = self._symbols
        known = ids if self.gate is None else ids.where(ids < symbols.num_embeddings, self.unknown)
        embedded: Tensor = nn.functional.embedding(known, symbols.weight)
        return embedded

    def log_probabilities(self, written: Written, source: Source) -> Float[Tensor, "batch symbols"]:
        """How likely each symbol is after a step; with copying those of the rows follow the vocabulary."""
        logits = nn.functional.linear(written.outputs, self._symbols.weight, self.output_bias)
        if written.gate is None or source.symbols is None:
            return logits.float().log_softmax(dim=-1)
        return copying_log_probabilities(logits, written.gate, written.weights, source.symbols)

    def loss(
        self,
        written: Written,
        targets: Int[Tensor, "batch steps"],
        source: Sequences,
        smoothing: float = 0.0,
    ) -> Float[Tensor, ""]:
        """The summed cross-entropy of all steps, in nats; a target of -100 does not count.

        Args:
            written: What `forward` gave.
            targets: What should have been written.
            source: What was read, from which it can be copied.
            smoothing: Share of the truth that is spread over all symbols.
        """
        weight, bias = self._symbols.weight, self.output_bias
        if written.gate is None:
            features = written.outputs.flatten(0, 1)
            return linear_cross_entropy(features, weight, bias, targets.flatten(), label_smoothing=smoothing)
        read = _copied_symbols(source)
        return copying_loss(
            written.outputs, weight, bias, written.gate, written.weights, read, targets, smoothing
        )


def _copied_symbols(source: Sequences) -> Int[Tensor, "batch time"]:
    symbols = source.values[:, :, -1]
    return symbols.masked_fill(~valid_steps(source.lengths, symbols.shape[1]), 0)

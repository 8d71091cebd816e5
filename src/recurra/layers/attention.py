"""Attention: where in a memory a decoder looks at each of its steps.

A memory is prepared once (`remember`), whatever its queries; weights past a row's length are zero.
"""

from abc import ABC, abstractmethod
from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from recurra.errors import ConfigError
from recurra.types import valid_steps

AttentionName = Literal["additive", "dot", "general", "location", "monotonic"]

Values = Float[Tensor, "batch time features"]
Weights = Float[Tensor, "batch time"]
_KERNEL, _FILTERS = 31, 32  # of what location-sensitive attention sees of its last weights
_EARLY = -1.0  # bias of the choice to stop: at first monotonic attention goes on


class Memory(NamedTuple):
    """What is attended to.

    Attributes:
        values: (batch, time, features), zero past a row's length.
        keys: (batch, time, size) the values as queries meet them.
        mask: (batch, time) True where a value counts.
    """

    values: Tensor
    keys: Tensor
    mask: Bool[Tensor, "batch time"]


class Attended(NamedTuple):
    """What a step of attention gives.

    Attributes:
        context: (batch, features) the mean of the values by the weights.
        weights: (batch, time), summing to 1 (to at most 1, where attention is monotonic).
        state: What the next step starts from.
    """

    context: Tensor
    weights: Tensor
    state: Tensor


class Attention(nn.Module, ABC):
    """The contract: a memory, a state (batch, time) that begins as zeros, and a step.

    Attributes:
        takes_state: Whether a step looks at the weights of those before it. One that does not can take all
            queries of a sequence at once (`over`).
    """

    takes_state = False
    keys: nn.Module

    def remember(self, values: Values, lengths: Int[Tensor, " batch"]) -> Memory:
        """Prepare a memory; whatever stands in the padding plays no part."""
        mask = valid_steps(lengths, values.shape[1])
        clean = values.masked_fill(~mask.unsqueeze(-1), 0)
        return Memory(clean, self.keys(clean), mask)

    def initial_state(self, memory: Memory) -> Weights:
        """What the first step starts from."""
        return memory.values.new_zeros(memory.mask.shape)

    def forward(self, query: Float[Tensor, "batch query"], memory: Memory, state: Weights) -> Attended:
        """One step."""
        weights = self.weigh(self.scores(query.unsqueeze(1), memory, state).squeeze(1), memory, state)
        context = torch.bmm(weights.unsqueeze(1), memory.values).squeeze(1)
        return Attended(context, weights, self.after(weights, state))

    def over(
        self, queries: Float[Tensor, "batch steps query"], memory: Memory
    ) -> tuple[Float[Tensor, "batch steps features"], Float[Tensor, "batch steps time"]]:
        """Contexts and weights of all steps at once.

        Raises:
            ConfigError: A step looks at those before it.
        """
        if self.takes_state:
            raise ConfigError(
                f"all steps of {type(self).__name__} at once", "one after another", "Call it step by step."
            )
        weights = masked_softmax(self.scores(queries, memory, memory.mask), memory.mask.unsqueeze(1))
        return torch.bmm(weights, memory.values), weights

    @abstractmethod
    def scores(
        self, queries: Float[Tensor, "batch steps query"], memory: Memory, state: Tensor
    ) -> Float[Tensor, "batch steps time"]:
        """How well each query meets each key."""

    def weigh(self, scores: Weights, memory: Memory, state: Weights) -> Weights:
        """Scores of a step as weights."""
        del state
        return masked_softmax(scores, memory.mask)

    def after(self, weights: Weights, state: Weights) -> Weights:
        """What the next step starts from."""
        del weights
        return state


class AdditiveAttention(Attention):
    """e_t = v · tanh(W q + U m_t + b) (Bahdanau, Cho & Bengio 2015).

    Args:
        query_size: Features of a query.
        memory_size: Features of a value.
        size: Of the space where they meet.
    """

    def __init__(self, query_size: int, memory_size: int, size: int) -> None:
        super().__init__()
        self.keys = nn.Linear(memory_size, size)
        self.query = nn.Linear(query_size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def scores(self, queries: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """See `Attention.scores`."""
        del state
        met = torch.tanh(self.query(queries).unsqueeze(2) + memory.keys.unsqueeze(1))
        found: Tensor = self.score(met).squeeze(-1)
        return found


class MultiplicativeAttention(Attention):
    """e_t = q · m_t ("dot"), or q · W m_t ("general") (Luong, Pham & Manning 2015).

    Args:
        query_size: Features of a query.
        memory_size: Features of a value; of "dot" the same number.
        general: Whether there is a W.

    Raises:
        ConfigError: Without W, query and memory differ in size.
    """

    def __init__(self, query_size: int, memory_size: int, *, general: bool) -> None:
        super().__init__()
        if not general and query_size != memory_size:
            raise ConfigError(
                f"attention 'dot' of queries of {query_size} and a memory of {memory_size} features",
                "the same number",
                "Use 'general'.",
            )
        self.keys = nn.Linear(memory_size, query_size, bias=False) if general else nn.Identity()

    def scores(self, queries: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """See `Attention.scores`."""
        del state
        return torch.bmm(queries, memory.keys.transpose(1, 2))


class LocationAttention(AdditiveAttention):
    """Additive attention that also sees where it has looked: e_t = v · tanh(W q + U m_t + F (f * c)_t + b).

    c is the sum of all weights so far (Chorowski and others 2015; Shen and others 2018), which is also what
    coverage is (Tu and others 2016). Arguments as of `AdditiveAttention`.
    """

    takes_state = True

    def __init__(self, query_size: int, memory_size: int, size: int) -> None:
        super().__init__(query_size, memory_size, size)
        self.filters = nn.Conv1d(1, _FILTERS, _KERNEL, padding=_KERNEL // 2, bias=False)
        self.place = nn.Linear(_FILTERS, size, bias=False)

    def scores(self, queries: Tensor, memory: Memory, state: Tensor) -> Tensor:
        """See `Attention.scores`."""
        looked = self.place(self.filters(state.unsqueeze(1)).transpose(1, 2))
        met = torch.tanh(self.query(queries).unsqueeze(2) + (memory.keys + looked).unsqueeze(1))
        found: Tensor = self.score(met).squeeze(-1)
        return found

    def after(self, weights: Weights, state: Weights) -> Weights:
        """See `Attention.after`."""
        return state + weights


class MonotonicAttention(AdditiveAttention):
    """Additive attention that goes on only: at each step it stops at a place, no earlier than at the last.

    Weights are the probabilities of where it stops, p_t = σ(e_t) for stopping at t when it comes by:
    a_t = p_t Σ_{j ≤ t} a'_j Π_{j ≤ k < t} (1 - p_k), with a' of the step before (Raffel and others 2017).
    They sum to less than 1 where it may run past the end. Arguments as of `AdditiveAttention`.
    """

    takes_state = True

    def __init__(self, query_size: int, memory_size: int, size: int) -> None:
        super().__init__(query_size, memory_size, size)
        self.threshold = nn.Parameter(torch.tensor(_EARLY))

    def initial_state(self, memory: Memory) -> Weights:
        """It begins at the first value."""
        state = super().initial_state(memory)
        state[:, 0] = 1
        return state * memory.mask

    def weigh(self, scores: Weights, memory: Memory, state: Weights) -> Weights:
        """See `Attention.weigh`."""
        scores = scores + self.threshold
        passes = functional.logsigmoid(-scores).masked_fill(~memory.mask, 0)
        before = passes.cumsum(dim=1) - passes  # log of passing all places before one
        ways = before.unsqueeze(2) - before.unsqueeze(1)  # from the second place to the first
        backwards = torch.ones_like(ways[0], dtype=torch.bool).triu(diagonal=1)
        reached = (ways.masked_fill(backwards, -torch.inf).exp() * state.unsqueeze(1)).sum(dim=2)
        found: Tensor = torch.sigmoid(scores) * memory.mask * reached
        return found

    def after(self, weights: Weights, state: Weights) -> Weights:
        """See `Attention.after`."""
        del state
        return weights


def make_attention(name: str, query_size: int, memory_size: int, size: int) -> Attention:
    """Attention by its name.

    Args:
        name: One of `AttentionName`.
        query_size: Features of a query.
        memory_size: Features of a value.
        size: Of the space where they meet; "dot" and "general" do not read it.

    Raises:
        ConfigError: There is no such attention, or the sizes do not go together.
    """
    match name:
        case "additive":
            return AdditiveAttention(query_size, memory_size, size)
        case "dot" | "general":
            return MultiplicativeAttention(query_size, memory_size, general=name == "general")
        case "location":
            return LocationAttention(query_size, memory_size, size)
        case "monotonic":
            return MonotonicAttention(query_size, memory_size, size)
    raise ConfigError(
        f"attention is {name!r}", f"one of {', '.join(get_args(AttentionName))}", "Choose one of these."
    )


def coverage_loss(
    weights: Float[Tensor, "batch steps time"], counts: Bool[Tensor, "batch steps"]
) -> Float[Tensor, ""]:
    """How much each step looks where those before it have looked: Σ_i Σ_t min(a_it, Σ_{j < i} a_jt).

    Args:
        weights: Of attention, at each step.
        counts: Which steps count.

    Source: See, Liu & Manning (2017).
    """
    before = weights.cumsum(dim=1) - weights
    return torch.minimum(weights, before).sum(dim=2).masked_fill(~counts, 0).sum()


def doubly_stochastic_loss(
    weights: Float[Tensor, "batch steps time"], counts: Bool[Tensor, "batch steps"]
) -> Float[Tensor, ""]:
    """How unevenly a whole text looks at its places: Σ_t (1 - T/I Σ_i a_it)², as a mean over the T places.

    Each of the I steps looks at all places by weights that sum to 1; here those of a place do, too, in the
    mean of I/T steps, so that long texts of few places can be even as well.

    Args:
        weights: Of attention, at each step; places that no step of a row looks at are none of its places.
        counts: Which steps count.

    Source: Xu and others, "Show, attend and tell" (2015), equation 14, where the sums shall be 1.
    """
    looked = weights.masked_fill(~counts.unsqueeze(-1), 0).sum(dim=1)
    there = looked > 0
    places = there.sum(dim=1, keepdim=True).clamp(min=1)
    steps = counts.sum(dim=1, keepdim=True).clamp(min=1)
    off = (1 - looked * places / steps).square().masked_fill(~there, 0)
    return (off.sum(dim=1, keepdim=True) / places).sum()


def guided_attention_loss(
    weights: Float[Tensor, "batch steps time"],
    steps: Int[Tensor, " batch"],
    times: Int[Tensor, " batch"],
    spread: float,
) -> Float[Tensor, " batch"]:
    """How far off the diagonal each row looks: Σ_i Σ_t a_it (1 - exp(-(t/T - i/I)² / 2g²)).

    Args:
        weights: Of attention, at each step.
        steps: How many steps each row has.
        times: How many places there are to look at.
        spread: g, as a share of the whole.

    Source: Tachibana, Uenoyama & Aihara (2018).
    """
    counts = valid_steps(steps, weights.shape[1])
    row, column = (
        torch.arange(size, device=weights.device) / total.clamp(min=1).unsqueeze(-1)
        for size, total in zip(weights.shape[1:], (steps, times), strict=True)
    )
    off = 1 - torch.exp(-((row.unsqueeze(2) - column.unsqueeze(1)) ** 2) / (2 * spread**2))
    return (weights * off).masked_fill(~counts.unsqueeze(-1), 0).sum(dim=(1, 2))


def masked_softmax(scores: Float[Tensor, "... time"], mask: Bool[Tensor, "... time"]) -> Tensor:
    """The softmax of what counts; zero elsewhere, and everywhere in a row where nothing counts."""
    hidden = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return hidden.softmax(dim=-1) * mask

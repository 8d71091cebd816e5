"""What a beam search has found of a row, and goes on with."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

_LEAST_LOOK = 1e-6  # what a place that was never looked at counts for, so that its logarithm is finite


class Hypothesis(NamedTuple):
    """A sequence that was found.

    Attributes:
        symbols: Without start and end.
        log_probability: Of all its symbols, and of its end.
        score: That, by the penalties of length and coverage; the higher the better.
        ended: Whether it ended by itself, and not because it was too long.
        weights: (symbols, places) where the step that chose each symbol looked, the end too, if that is kept.
    """

    symbols: tuple[int, ...]
    log_probability: float
    score: float
    ended: bool
    weights: Tensor | None = None


class Beam(NamedTuple):
    """How to search.

    Attributes:
        size: Hypotheses that are gone on with; 1 is greedy, and ends with the first that ends.
        max_length: Symbols after which a hypothesis is cut off.
        min_length: Symbols before which none ends by itself.
        length_penalty: a in ((5 + length) / 6)^a, by which log probabilities are divided (Wu and others
            2016); 0 for none, which favours short ones.
        coverage_penalty: b in b Σ_i log(min(Σ_j a_ij, 1)), added to the score: what it costs to leave
            a place i of what is read unread by the steps j (Wu and others 2016); 0 for nothing.
        n_best: How many hypotheses to give of each row.
        diversity: What each better continuation of the same hypothesis takes from the log probability of a
            worse one while searching (Li, Monroe & Jurafsky 2016).
        forbidden: Symbols that are never chosen.
        keeps_weights: Whether hypotheses know where they looked, which takes memory.
    """

    size: int = 5
    max_length: int = 100
    min_length: int = 0
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0
    n_best: int = 1
    diversity: float = 0.0
    forbidden: Collection[int] = ()
    keeps_weights: bool = False


Candidate = tuple[float, int, int]
"""The log probability of all symbols, the place in the beam that it comes from, and its last symbol."""


Follows = Callable[[Sequence[int]], Any]
"""(symbols so far) -> those that may, or may not, follow."""


@dataclass(frozen=True, slots=True, eq=False)
class _Alive:
    """A hypothesis that is gone on with: a symbol after another one, so that none is copied step by step.

    Attributes:
        total: The log probability of all its symbols.
        symbol: The last one.
        before: What it goes on from.
        length: How many symbols it has.
        weights: Where the step of its last symbol looked.
        looked: (places,) the sum of these over all steps.
    """

    total: float = 0.0
    symbol: int = -1
    before: "_Alive | None" = None
    length: int = 0
    weights: Tensor | None = None
    looked: Tensor | None = None

    @property
    def path(self) -> list["_Alive"]:
        """All that it goes on from, and itself, but for the beginning, which has no symbol."""
        found, one = [], self
        while one.before is not None:
            found.append(one)
            one = one.before
        return found[::-1]

    @property
    def symbols(self) -> tuple[int, ...]:
        """All its symbols."""
        return tuple(one.symbol for one in self.path)


class Row:
    """The hypotheses of one row.

    Attributes:
        alive: Those that are gone on with.
        found: The best of those that ended, the best first.
        is_done: Whether nothing better can come.
    """

    def __init__(self, beam: Beam, end: int, prefix: Sequence[int], places: int | None) -> None:
        self._beam, self._end, self._prefix, self._places = beam, end, tuple(prefix), places
        self.alive = [_Alive()]
        self.found: list[Hypothesis] = []
        self.is_done = False

    @property
    def totals(self) -> list[float]:
        """The log probability of each place of the beam; of one that is empty minus infinity."""
        empty = self._beam.size - len(self.alive)
        return [one.total for one in self.alive] + [-math.inf] * empty

    @property
    def going_on(self) -> list[int]:
        """The last symbol of each place of the beam; none where the row is done."""
        if self.is_done:
            return []
        empty = self._beam.size - len(self.alive)
        return [one.symbol for one in self.alive] + [self._end] * empty

    def restrict(
        self, scores: Float[Tensor, "beam vocabulary"], allowed: Follows | None, banned: Follows | None
    ) -> None:
        """Take away what may not follow."""
        place = self.alive[0].length
        if place < len(self._prefix):
            _keep_only(scores, [self._prefix[place]])
            return
        if place >= self._beam.max_length:
            _keep_only(scores, [self._end])
            return
        for own, one in zip(scores, self.alive, strict=False):
            only = None if allowed is None else allowed(one.symbols)
            if only is not None:
                _keep_only(own, only)
            if banned is not None:
                own[_numbers(banned(one.symbols), own)] = -torch.inf
        if place < self._beam.min_length:
            scores[:, self._end] = -torch.inf

    def advance(self, candidates: Sequence[Candidate], weights: Tensor | None) -> list[int]:
        """Go on by a symbol; gives the place in the beam that each new hypothesis comes from."""
        alive: list[_Alive] = []
        parents: list[int] = []
        for total, place, symbol in candidates:
            if total == -math.inf or len(alive) == self._beam.size:
                continue
            found = self._after(self.alive[place], total, symbol, None if weights is None else weights[place])
            if symbol == self._end:
                self._keep(found)
            else:
                alive.append(found)
                parents.append(place)
        self.alive = alive
        self._settle()
        return parents + [0] * (self._beam.size - len(parents))

    def _after(self, before: _Alive, total: float, symbol: int, weights: Tensor | None) -> _Alive:
        looked = before.looked
        if weights is not None:
            weights = weights[: self._places].clone()
            if self._beam.coverage_penalty:
                looked = weights if looked is None else looked + weights
        kept = weights if self._beam.keeps_weights else None
        return _Alive(total, symbol, before, before.length + 1, kept, looked)

    def _keep(self, one: _Alive) -> None:
        """One that ended."""
        beam, path = self._beam, one.path
        score = one.total / _penalty(one.length, beam.length_penalty)
        if one.looked is not None:
            score += beam.coverage_penalty * float(one.looked.clamp(_LEAST_LOOK, 1).log().sum())
        weights = [step.weights for step in path if step.weights is not None]
        symbols = tuple(step.symbol for step in path[:-1])
        ended = len(symbols) < beam.max_length
        looked = torch.stack(weights) if weights else None
        self.found.append(Hypothesis(symbols, one.total, score, ended, looked))

    def _settle(self) -> None:
        """Stop where no hypothesis that is alive can become better than the worst one that is wanted.

        All log probabilities are negative, and what coverage adds is, too.
        """
        beam = self._beam
        self.found.sort(key=lambda one: -one.score)
        del self.found[beam.n_best :]
        if not self.alive or (beam.size == 1 and self.found):
            self.is_done = True
        elif len(self.found) == beam.n_best:
            longest = max(_penalty(beam.max_length + 1, beam.length_penalty), 1.0)
            self.is_done = max(one.total for one in self.alive) / longest <= self.found[-1].score


def _keep_only(scores: Float[Tensor, "*rows vocabulary"], only: Collection[int]) -> None:
    kept = _numbers(only, scores)
    full = scores[..., kept].clone()
    scores.fill_(-torch.inf)
    scores[..., kept] = full


def _numbers(symbols: Collection[int], scores: Tensor) -> Tensor:
    return torch.tensor(sorted(symbols), dtype=torch.long, device=scores.device)


def _penalty(length: int, strength: float) -> float:
    return math.pow((5 + length) / 6, strength)

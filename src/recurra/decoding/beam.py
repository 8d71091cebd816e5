"""Beam search over a step function, for many rows at once; it knows no model.

Each row is searched by itself: what shares the batch changes nothing but rounding.
"""

import math
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from recurra.errors import ConfigError
from recurra.training.carried_state import mapped, tensors_of


class Step(NamedTuple):
    """What a step gives.

    Attributes:
        log_probabilities: (rows, vocabulary) of the next symbol.
        state: What the next step takes: tensors (rows, ...) in tuples.
        weights: (rows, time) where it looked, if it does.
    """

    log_probabilities: Float[Tensor, "rows vocabulary"]
    state: Any
    weights: Tensor | None = None


class Hypothesis(NamedTuple):
    """A sequence that was found.

    Attributes:
        symbols: Without start and end.
        log_probability: Of all its symbols, and of its end.
        score: That, by the length penalty; the higher the better.
        ended: Whether it ended by itself, and not because it was too long.
        weights: For each symbol where the step that chose it looked, if that is known.
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
    n_best: int = 1
    diversity: float = 0.0
    forbidden: Collection[int] = ()
    keeps_weights: bool = False


Allowed = Callable[[int, Sequence[int]], Collection[int] | None]
"""(row, symbols so far) -> the symbols that may follow, or None for all."""


def beam_search(
    step: Callable[[Int[Tensor, " rows"], Any], Step],
    state: Any,
    *,
    batch: int,
    start: int,
    end: int,
    beam: Beam,
    max_lengths: Sequence[int] | None = None,
    prefixes: Sequence[Sequence[int]] | None = None,
    allowed: Allowed | None = None,
) -> list[list[Hypothesis]]:
    """The likeliest sequences of each row.

    Args:
        step: Takes the last symbol of every row and a state; its log probabilities may be written into.
        state: Before the first step, of `batch` rows.
        batch: How many rows there are.
        start: The symbol that everything begins with.
        end: The symbol that ends a sequence.
        beam: How to search.
        max_lengths: For each row the symbols after which it is cut off; None: as the beam says.
        prefixes: For each row the symbols that it must begin with.
        allowed: What may follow; with it a beam is as good as a grammar.

    Returns:
        For each row the `n_best` best hypotheses that were found, the best first.

    Raises:
        ConfigError: More hypotheses are asked for than are gone on with.
    """
    if not 1 <= beam.n_best <= beam.size:
        raise ConfigError(
            f"the {beam.n_best} best of a beam of {beam.size}", f"1 to {beam.size}", "Widen the beam."
        )
    limits = max_lengths or [beam.max_length] * batch
    prefixes = prefixes or [()] * batch
    rows = [
        _Row(beam._replace(max_length=limit), end, prefix)
        for limit, prefix in zip(limits, prefixes, strict=True)
    ]
    open_rows = list(range(batch))
    state = mapped(state, partial(torch.repeat_interleave, repeats=beam.size, dim=0))
    last, device = [start] * (batch * beam.size), _device(state)
    while open_rows:
        told = step(torch.tensor(last, device=device), state)
        for number, own in zip(
            open_rows, told.log_probabilities.view(len(open_rows), beam.size, -1), strict=True
        ):
            rows[number].restrict(own, _may_follow(allowed, number))
        parents = _advance([rows[number] for number in open_rows], told, beam)
        last = [symbol for number in open_rows for symbol in rows[number].going_on]
        open_rows = [number for number in open_rows if not rows[number].is_done]
        if open_rows:
            chosen = torch.tensor(parents, device=device)
            state = mapped(told.state, partial(torch.index_select, dim=0, index=chosen))
    return [row.found for row in rows]


def _advance(rows: Sequence["_Row"], told: Step, beam: Beam) -> list[int]:
    """Go on by a symbol in every row; gives the places that those which are not done come from."""
    forbidden = torch.tensor(sorted(beam.forbidden), dtype=torch.long, device=told.log_probabilities.device)
    scores = told.log_probabilities.float().index_fill(1, forbidden, -torch.inf)
    candidates = _best(scores.view(len(rows), beam.size, -1), [row.totals for row in rows], beam)
    looked = None
    if told.weights is not None and beam.keeps_weights:
        looked = told.weights.view(len(rows), beam.size, -1).cpu()
    order: list[int] = []
    for place, row in enumerate(rows):
        parents = row.advance(candidates[place], None if looked is None else looked[place])
        order += [] if row.is_done else [place * beam.size + parent for parent in parents]
    return order


Candidate = tuple[float, int, int]
"""The log probability of all symbols, the place in the beam that it comes from, and its last symbol."""


def _best(
    scores: Float[Tensor, "rows beam vocabulary"], totals: Sequence[Sequence[float]], beam: Beam
) -> list[list[Candidate]]:
    """The best continuations of each row: twice as many as its beam is wide, since some may end."""
    vocabulary = scores.shape[2]
    before = torch.tensor(totals, device=scores.device).unsqueeze(2)
    own = (scores + before).topk(min(2 * beam.size, vocabulary), dim=2)
    ranks = torch.arange(own.values.shape[2], device=scores.device)
    ranked = (own.values - beam.diversity * ranks).flatten(1)
    best = ranked.topk(min(2 * beam.size, ranked.shape[1]), dim=1).indices
    values = own.values.flatten(1).gather(1, best).tolist()
    symbols = own.indices.flatten(1).gather(1, best).tolist()
    places = best.div(own.values.shape[2], rounding_mode="floor").tolist()
    return [list(zip(*row, strict=True)) for row in zip(values, places, symbols, strict=True)]


def _may_follow(allowed: Allowed | None, number: int) -> "Follows | None":
    return None if allowed is None else lambda symbols: allowed(number, symbols)


Follows = Callable[[Sequence[int]], Collection[int] | None]


class _Alive(NamedTuple):
    """A hypothesis that is gone on with."""

    symbols: tuple[int, ...]
    total: float
    weights: tuple[Tensor, ...] = ()


class _Row:
    """The hypotheses of one row.

    Attributes:
        alive: Those that are gone on with.
        found: The best of those that ended, the best first.
        is_done: Whether nothing better can come.
    """

    def __init__(self, beam: Beam, end: int, prefix: Sequence[int]) -> None:
        self._beam, self._end, self._prefix = beam, end, tuple(prefix)
        self.alive = [_Alive((), 0.0)]
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
        return [one.symbols[-1] for one in self.alive] + [self._end] * empty

    def restrict(self, scores: Float[Tensor, "beam vocabulary"], follows: Follows | None) -> None:
        """Take away what may not follow."""
        place = len(self.alive[0].symbols)
        if place < len(self._prefix):
            _keep_only(scores, [self._prefix[place]])
        elif place >= self._beam.max_length:
            _keep_only(scores, [self._end])
        elif follows is not None:
            for own, one in zip(scores, self.alive, strict=False):
                only = follows(one.symbols)
                if only is not None:
                    _keep_only(own, only)
        if len(self._prefix) <= place < min(self._beam.min_length, self._beam.max_length):
            scores[:, self._end] = -torch.inf

    def advance(self, candidates: Sequence[Candidate], weights: Tensor | None) -> list[int]:
        """Go on by a symbol; gives the place in the beam that each new hypothesis comes from."""
        alive: list[_Alive] = []
        parents: list[int] = []
        for total, place, symbol in candidates:
            if total == -math.inf or len(alive) == self._beam.size:
                continue
            before = self.alive[place]
            looked = before.weights if weights is None else (*before.weights, weights[place].clone())
            if symbol == self._end:
                self._keep(before, total, looked)
            else:
                alive.append(_Alive((*before.symbols, symbol), total, looked))
                parents.append(place)
        self.alive = alive
        self._settle()
        return parents + [0] * (self._beam.size - len(parents))

    def _keep(self, before: _Alive, total: float, weights: Sequence[Tensor]) -> None:
        length = len(before.symbols)
        score = total / _penalty(length + 1, self._beam.length_penalty)
        looked = torch.stack(list(weights)) if weights else None
        ended = length < self._beam.max_length
        self.found.append(Hypothesis(before.symbols, total, score, ended, looked))

    def _settle(self) -> None:
        """Stop where no hypothesis that is alive can become better than the worst one that is wanted."""
        beam = self._beam
        self.found.sort(key=lambda one: -one.score)
        del self.found[beam.n_best :]
        if not self.alive or (beam.size == 1 and self.found):
            self.is_done = True
        elif len(self.found) == beam.n_best:
            longest = max(_penalty(beam.max_length + 1, beam.length_penalty), 1.0)
            self.is_done = max(one.total for one in self.alive) / longest <= self.found[-1].score


def _keep_only(scores: Float[Tensor, "*rows vocabulary"], only: Collection[int]) -> None:
    kept = torch.tensor(sorted(only), dtype=torch.long, device=scores.device)
    full = scores[..., kept].clone()
    scores.fill_(-torch.inf)
    scores[..., kept] = full


def _penalty(length: int, strength: float) -> float:
    return math.pow((5 + length) / 6, strength)


def _device(state: Any) -> torch.device:
    return next((one.device for one in tensors_of(state)), torch.device("cpu"))

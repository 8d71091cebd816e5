"""Beam search over a step function, for many rows at once; it knows no model.

Each row is searched by itself: what shares the batch changes nothing but rounding.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from recurra.decoding.hypothesis import Beam, Candidate, Follows, Hypothesis, Row
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


Allowed = Callable[[int, Sequence[int]], Collection[int] | None]
"""(row, symbols so far) -> the symbols that may follow, or None for all."""

Banned = Callable[[int, Sequence[int]], Collection[int]]
"""(row, symbols so far) -> the symbols that may not follow."""


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
    banned: Banned | None = None,
    places: Sequence[int] | None = None,
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
        prefixes: For each row the symbols that it must begin with, whatever may follow else.
        allowed: What may follow; with it a beam is as good as a grammar.
        banned: What may not.
        places: For each row how many places it can look at, the first ones; None: all of the weights.

    Returns:
        For each row the `n_best` best hypotheses that were found, the best first.

    Raises:
        ConfigError: More hypotheses are asked for than are gone on with, or coverage of a step that does not
            say where it looks.
    """
    if not 1 <= beam.n_best <= beam.size:
        raise ConfigError(
            f"the {beam.n_best} best of a beam of {beam.size}", f"1 to {beam.size}", "Widen the beam."
        )
    limits, counts = max_lengths or [beam.max_length] * batch, places or repeat(None, batch)
    each = zip(limits, prefixes or [()] * batch, counts, strict=True)
    rows = [Row(beam._replace(max_length=limit), end, prefix, count) for limit, prefix, count in each]
    open_rows = list(range(batch))
    state = mapped(state, partial(torch.repeat_interleave, repeats=beam.size, dim=0))
    last, device = [start] * (batch * beam.size), _device(state)
    while open_rows:
        told = step(torch.tensor(last, device=device), state)
        for number, own in zip(
            open_rows, told.log_probabilities.view(len(open_rows), beam.size, -1), strict=True
        ):
            rows[number].restrict(own, _for_row(allowed, number), _for_row(banned, number))
        parents = _advance([rows[number] for number in open_rows], told, beam)
        last = [symbol for number in open_rows for symbol in rows[number].going_on]
        open_rows = [number for number in open_rows if not rows[number].is_done]
        if open_rows:
            chosen = torch.tensor(parents, device=device)
            state = mapped(told.state, partial(torch.index_select, dim=0, index=chosen))
    return [row.found for row in rows]


def _advance(rows: Sequence[Row], told: Step, beam: Beam) -> list[int]:
    """Go on by a symbol in every row; gives the places that those which are not done come from."""
    forbidden = torch.tensor(sorted(beam.forbidden), dtype=torch.long, device=told.log_probabilities.device)
    scores = told.log_probabilities.float().index_fill(1, forbidden, -torch.inf)
    candidates = _best(scores.view(len(rows), beam.size, -1), [row.totals for row in rows], beam)
    looked = None
    if beam.coverage_penalty and told.weights is None:
        raise ConfigError(
            f"coverage_penalty={beam.coverage_penalty:g} of a step without weights of attention",
            "one that says where it looks",
            "Leave coverage_penalty out.",
        )
    if told.weights is not None and (beam.keeps_weights or beam.coverage_penalty):
        looked = told.weights.float().view(len(rows), beam.size, -1).cpu()
    order: list[int] = []
    for place, row in enumerate(rows):
        parents = row.advance(candidates[place], None if looked is None else looked[place])
        order += [] if row.is_done else [place * beam.size + parent for parent in parents]
    return order


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


def _for_row(told: Callable[[int, Sequence[int]], Any] | None, number: int) -> Follows | None:
    return None if told is None else partial(told, number)


def _device(state: Any) -> torch.device:
    return next((one.device for one in tensors_of(state)), torch.device("cpu"))

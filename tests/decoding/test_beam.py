"""Beam search against trying everything."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from recurra.decoding.beam import Step, beam_search
from recurra.decoding.hypothesis import Beam, Hypothesis
from recurra.errors import ConfigError

START, END, VOCABULARY = 0, 1, 5


class Chain:
    """What comes next depends on the last two symbols and on the row."""

    def __init__(self, batch: int, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        size = (batch, VOCABULARY, VOCABULARY, VOCABULARY)
        self.table = (2 * torch.randn(size, generator=generator)).log_softmax(dim=-1)
        self.rows = 0

    def state(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        return torch.tensor(rows), torch.full((len(rows),), START)

    def step(self, last: Tensor, state: Any) -> Step:
        row, before = state
        self.rows += len(last)
        weights = torch.nn.functional.one_hot(last, VOCABULARY).float()
        return Step(self.table[row, before, last], (row, last), weights)


def everything(
    chain: Chain, row: int, longest: int, penalty: float, coverage: float = 0.0
) -> list[tuple[float, tuple[int, ...]]]:
    """All sequences of a row, the best first; a step looks at the places 0 to 2 by the symbol before it."""
    found = []
    for length in range(longest + 1):
        for symbols in itertools.product([0, 2, 3, 4], repeat=length):
            path = [START, START, *symbols, END]
            triples = zip(path, path[1:], path[2:], strict=False)
            total = sum(float(chain.table[row, a, b, c]) for a, b, c in triples)
            looks = Counter((START, *symbols))
            unread = sum(math.log(min(max(looks[place], 1e-6), 1)) for place in range(3))
            found.append((total / ((5 + length + 1) / 6) ** penalty + coverage * unread, symbols))
    return sorted(found, key=lambda one: -one[0])


def search(chain: Chain, rows: list[int], beam: Beam, **options: Any) -> list[list[Hypothesis]]:
    ends = {"start": START, "end": END}
    return beam_search(chain.step, chain.state(rows), batch=len(rows), beam=beam, **ends, **options)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_beam_that_holds_everything_finds_the_best(penalty: float) -> None:
    chain = Chain(3)
    wide = Beam(size=300, max_length=4, length_penalty=penalty, n_best=5)
    for row, found in enumerate(search(chain, [0, 1, 2], wide)):
        best = everything(chain, row, 4, penalty)[:5]
        assert [one.symbols for one in found] == [symbols for _, symbols in best]
        assert [one.score for one in found] == pytest.approx([score for score, _ in best], rel=1e-5)


@pytest.mark.parametrize("seed", range(40))
def test_a_beam_of_one_takes_the_likeliest_each_time(seed: int) -> None:
    chain = Chain(4, seed)
    for row, found in enumerate(search(chain, [0, 1, 2, 3], Beam(size=1, max_length=6))):
        before, last, symbols = START, START, []
        while len(symbols) < 6 and (best := int(chain.table[row, before, last].argmax())) != END:
            symbols.append(best)
            before, last = last, best
        assert found[0].symbols == tuple(symbols)
        assert found[0].ended == (len(symbols) < 6)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_row_is_searched_alike_in_any_batch(size: int) -> None:
    chain = Chain(6, seed=2)
    beam = Beam(size=size, max_length=7, n_best=size, diversity=0.3)
    together = search(chain, list(range(6)), beam)
    for row in range(6):
        (alone,) = search(chain, [row], beam)
        assert [one.symbols for one in alone] == [one.symbols for one in together[row]]
        assert [one.score for one in alone] == pytest.approx([one.score for one in together[row]])


def test_each_row_has_a_length_of_its_own() -> None:
    chain = Chain(2, seed=5)
    chain.table[..., END] = -50.0
    beam = Beam(size=2, max_length=9)
    short, long = search(chain, [0, 1], beam, max_lengths=[2, 6])
    assert (len(short[0].symbols), len(long[0].symbols)) == (2, 6)
    assert short == search(chain, [0], beam, max_lengths=[2])[0]


def test_rows_that_are_done_cost_nothing_more() -> None:
    chain = Chain(2)
    chain.table[0, :, :, END] = 0.0  # ends at once
    chain.table[0, :, :, 2:] = -50.0
    chain.table[1, :, :, END] = -50.0
    search(chain, [0, 1], Beam(size=2, max_length=10))
    assert chain.rows == 2 * (2 + 10)


def test_prefixes_constraints_and_forbidden_symbols_hold() -> None:
    chain = Chain(2, seed=3)
    beam = Beam(size=3, max_length=5, n_best=3)
    found = search(chain, [0, 1], beam, prefixes=[[4, 4], []])
    assert all(one.symbols[:2] == (4, 4) for one in found[0])

    def allowed(row: int, symbols: Sequence[int]) -> list[int]:
        return [2 + row, END] if len(symbols) < 2 else [END]

    only = search(chain, [0, 1], beam, allowed=allowed)
    assert {symbol for one in only[1] for symbol in one.symbols} == {3}
    never = search(chain, [0, 1], beam._replace(forbidden={2, 3}))
    assert all({2, 3}.isdisjoint(one.symbols) for row in never for one in row)


def test_a_hypothesis_knows_where_each_step_looked() -> None:
    (found,) = search(Chain(1, seed=4), [0], Beam(size=3, max_length=5, keeps_weights=True))
    assert found[0].weights is not None
    assert found[0].weights.argmax(dim=1).tolist() == [START, *found[0].symbols]


def test_none_ends_before_its_least_length_but_by_its_prefix_and_limit() -> None:
    chain = Chain(2)
    chain.table[..., END] = 0.0  # would end at once
    beam = Beam(size=3, max_length=6, min_length=2, n_best=3)
    assert all(len(one.symbols) >= 2 for row in search(chain, [0, 1], beam) for one in row)
    (short,) = search(chain, [0], beam, max_lengths=[1])
    assert [len(one.symbols) for one in short] == [1, 1, 1]
    assert search(chain, [0], beam._replace(min_length=0))[0][0].symbols == ()


@pytest.mark.parametrize("seed", range(30))
def test_a_wide_beam_that_seeks_unlike_ones_still_finds_the_best(seed: int) -> None:
    chain = Chain(1, seed)
    (found,) = search(chain, [0], Beam(size=300, max_length=4, diversity=3.0))
    assert found[0].symbols == everything(chain, 0, 4, 1.0)[0][1]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_unread_costs_as_published(seed: int) -> None:
    wide = Beam(size=300, max_length=4, n_best=5, coverage_penalty=0.1)
    options = {"places": [3, 3, 3]}
    chain = Chain(3, seed)
    for row, found in enumerate(search(chain, [0, 1, 2], wide, **options)):
        best = everything(chain, row, 4, 1.0, 0.1)[:5]
        assert [one.symbols for one in found] == [symbols for _, symbols in best]
        assert [one.score for one in found] == pytest.approx([score for score, _ in best], rel=1e-5)
        assert best != everything(chain, row, 4, 1.0)[:5]


def test_coverage_of_steps_that_do_not_say_where_they_look_is_refused() -> None:
    def step(last: Tensor, state: Tensor) -> Step:
        return Step(torch.zeros(len(last), VOCABULARY), state)

    with pytest.raises(ConfigError, match="without weights of attention"):
        beam_search(step, torch.zeros(1), batch=1, start=0, end=1, beam=Beam(coverage_penalty=0.1))


def test_what_is_banned_is_left_out_of_everything() -> None:
    chain = Chain(2, seed=6)

    def banned(row: int, symbols: Sequence[int]) -> set[int]:
        return {2 + row} if symbols[-1:] == (3,) or not symbols else set()

    wide = Beam(size=300, max_length=4)
    for row, found in enumerate(search(chain, [0, 1], wide, banned=banned)):
        kept = (
            symbols
            for _, symbols in everything(chain, row, 4, 1.0)
            if symbols[:1] != (2 + row,) and (3, 2 + row) not in itertools.pairwise(symbols)
        )
        assert found[0].symbols == next(kept)


def test_more_than_the_beam_is_refused() -> None:
    with pytest.raises(ConfigError, match="the 3 best of a beam of 2"):
        search(Chain(1), [0], Beam(size=2, n_best=3))

"""N-grams against counting by hand, and what a text copies."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.metrics.copying import longest_copy
from recurra.metrics.kneser_ney import KneserNey

TEXT = np.random.default_rng(0).integers(0, 6, 400)


def counted_by_hand(ids: list[int], vocabulary: int, context: int, symbol: int) -> float:
    """The probability of a pair, by the formulas of Chen & Goodman."""
    pairs = Counter(pairwise(ids))
    before = Counter(second for _, second in pairs)

    def discounts(counts: Counter[int]) -> list[float]:
        if not counts[1] or not counts[2]:
            return [0, 0.5, 0.5, 0.5]
        y = counts[1] / (counts[1] + 2 * counts[2])
        return [
            0,
            1 - 2 * y * counts[2] / counts[1],
            2 - 3 * y * counts[3] / counts[2],
            3 - 4 * y * counts[4] / counts[3],
        ]

    own = discounts(Counter(before.values()))
    whole = sum(before.values())
    taken = sum(own[min(count, 3)] for count in before.values())
    unigram = (before[symbol] - own[min(before[symbol], 3)]) / whole + taken / whole / vocabulary
    upper = discounts(Counter(pairs.values()))
    after = {pair: count for pair, count in pairs.items() if pair[0] == context}
    total = sum(after.values())
    rest = sum(upper[min(count, 3)] for count in after.values()) / total
    count = pairs[context, symbol]
    return (count - upper[min(count, 3)]) / total + rest * unigram


def test_pairs_are_those_counted_by_hand() -> None:
    ids = [int(one**2 * 12) for one in np.random.default_rng(1).random(500)]
    model = KneserNey.learn(np.array(ids), 13, order=2)
    for context in (0, 3, 9):
        found = model.distribution([context])
        expected = [counted_by_hand(ids, 13, context, symbol) for symbol in range(13)]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("context", [[], [1], [3, 4, 5], [0, 0, 0, 0, 0], [6], [6, 2]])
def test_every_context_gives_a_distribution(order: int, context: list[int]) -> None:
    model = KneserNey.learn(TEXT, 7, order)
    found = model.distribution(context)
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-6)
    assert (found > 0).all()
    told = [model.probabilities(np.array([*context, symbol]))[-1] for symbol in range(7)]
    np.testing.assert_allclose(told, found, rtol=1e-6)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_learnt(ids: list[int], order: int) -> None:
    model = KneserNey.learn(np.array(ids), 6, order)
    found = model.probabilities(np.array([*ids, 5]))
    assert ((found > 0) & (found <= 1 + 1e-6)).all()
    np.testing.assert_allclose(model.distribution(ids).sum(), 1, rtol=1e-5)


def test_a_model_comes_back_from_its_arrays() -> None:
    model = KneserNey.learn(TEXT, 7, 3)
    again = KneserNey.from_arrays(model.to_arrays())
    assert (again.probabilities(TEXT) == model.probabilities(TEXT)).all()


def test_the_longest_copy_is_found() -> None:
    learnt = np.array([9, 1, 2, 3, 4, 70_000, 5])
    assert longest_copy(np.array([0, 2, 3, 4, 70_000, 1, 2]), learnt) == (1, 5, 4)
    assert longest_copy(np.array([0, 2, 3, 3, 3, 4, 8]), learnt) == (1, 6, 3)
    assert longest_copy(np.array([0, 0]), learnt) == (0, 0, 0)
    assert longest_copy(np.array([], np.int64), learnt).length == 0
    assert longest_copy(learnt, learnt).length == 7


def test_n_grams_that_were_saved_as_keys_are_read() -> None:
    model = KneserNey.learn(TEXT, 7, 3)
    arrays = model.to_arrays()
    for number, own in enumerate(model.orders, start=2):
        contexts = np.repeat(np.arange(len(own.starts) - 1), np.diff(own.starts))
        arrays[f"{number}.keys"] = contexts * 7 + arrays.pop(f"{number}.symbols")
        del arrays[f"{number}.starts"]
    read = KneserNey.from_arrays(arrays)
    assert len(read.orders) == 2
    np.testing.assert_array_equal(read.probabilities(TEXT), model.probabilities(TEXT))
    np.testing.assert_array_equal(read.distribution([1, 2]), model.distribution([1, 2]))

import functools
import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from recurra.decoding.transcription import Together, WordList
from recurra.decoding.transducer import Transducer

SIZE = 4
Text = tuple[int, ...]


def net(labels: int = 3, seed: int = 0) -> Transducer:
    """A net of symbols that knows its whole text: what it says is drawn anew for each."""

    @functools.cache
    def predict(symbol: int, memory: Text | None) -> tuple[np.ndarray, Text]:
        text = () if memory is None else (*memory, symbol)
        return np.random.default_rng([seed, *text]).normal(0, 1, SIZE).astype(np.float32), text

    random = np.random.default_rng(seed + 50)
    weight, bias = random.normal(0, 2, (labels, SIZE)), random.normal(0, 1, labels)
    bias[0] += 1
    return Transducer(predict, weight.astype(np.float32), bias.astype(np.float32))


def steps(time: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + 100).normal(0, 1, (time, SIZE)).astype(np.float32)


def ways(
    own: Transducer, outputs: np.ndarray, said: Text | None = None
) -> list[tuple[list[tuple[int, int]], float]]:
    """Every way to tell anything, or what is `said`: symbols with their steps, and the log probability."""

    def after(step: int, text: Text, told: list[tuple[int, int]], total: float) -> list:
        if step == len(outputs):
            return [(told, total)] if said in (None, text) else []
        features = own.predict(0, None)[0] if not text else own.predict(text[-1], text[:-1])[0]
        shares = own.log_shares(outputs[step][None], features)[0]
        found = after(step + 1, text, told, total + shares[0])
        for label in range(1, len(shares)) if said is None else said[len(text) : len(text) + 1]:
            found += after(step + 1, (*text, label), [*told, (label, step)], total + shares[label])
        return found

    return after(0, (), [], 0.0)


def texts_by_probability(own: Transducer, outputs: np.ndarray) -> dict[Text, float]:
    found: dict[Text, float] = defaultdict(float)
    for told, total in ways(own, outputs):
        found[tuple(label for label, _ in told)] += math.exp(total)
    return found


@pytest.mark.parametrize(("seed", "time"), [(0, 5), (1, 2), (2, 4), (3, 1)])
def test_a_beam_that_holds_everything_is_exact(seed: int, time: int) -> None:
    own, outputs = net(seed=seed), steps(time, seed)
    truth = texts_by_probability(own, outputs)
    beam = own.beam(5000, unlikely=math.inf)
    beam.push(outputs)
    found = beam.hypotheses(5000)
    assert {one.symbols: math.exp(one.log_probability) for one in found} == pytest.approx(truth, rel=1e-5)
    assert found[0].symbols == max(truth, key=truth.__getitem__)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_a_narrow_beam_finds_nearly_all_of_the_best() -> None:
    hits, seeds = 0, range(8)
    for seed in seeds:
        own, outputs = net(seed=seed), steps(6, seed)
        truth = texts_by_probability(own, outputs)
        beam = own.beam(4)
        beam.push(outputs)
        best = beam.hypotheses(1)[0]
        assert math.exp(best.log_probability) <= truth[best.symbols] * (1 + 1e-5)
        hits += best.symbols == max(truth, key=truth.__getitem__)
    assert hits >= len(seeds) - 2


class Likes:
    """A scorer that likes pairs of a symbol and the one before it, and some ends."""

    def __init__(self, table: np.ndarray) -> None:
        self.table = table

    def start(self) -> int:
        return 0

    def extend(self, state: int, symbol: int) -> tuple[float, int]:
        return float(self.table[state, symbol]), symbol

    def end(self, state: int) -> float:
        return float(self.table[state, 0])

    def of(self, text: Text) -> float:
        pairs = itertools.pairwise((0, *text))
        return sum(float(self.table[one, two]) for one, two in pairs) + self.end(text[-1] if text else 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_scorer_moves_what_is_best_as_it_should(seed: int) -> None:
    own, outputs = net(seed=seed), steps(5, seed)
    likes = Likes(np.random.default_rng(seed + 10).normal(0, 2, (3, 3)))
    beam = own.beam(5000, Together([likes], bonus=0.5), unlikely=math.inf)
    beam.push(outputs)
    truth = {
        text: math.log(share) + likes.of(text) + 0.5 * len(text)
        for text, share in texts_by_probability(own, outputs).items()
    }
    found = beam.hypotheses(3)
    assert found[0].symbols == max(truth, key=truth.__getitem__)
    assert found[0].score == pytest.approx(truth[found[0].symbols], rel=1e-5)


def test_only_words_of_a_list_are_written() -> None:
    texts, words = ["", "a", "b", " "], {"ab", "b"}
    for seed in range(4):
        beam = net(4, seed).beam(200, Together([WordList(words, texts)]), unlikely=math.inf)
        beam.push(steps(3, seed))
        found = {"".join(texts[one] for one in own.symbols) for own in beam.hypotheses(200)}
        assert {"", "ab", "b"} <= {one.strip() for one in found}
        assert all(set(one.split()) <= words for one in found)


def test_greedy_takes_the_likeliest_labels() -> None:
    for seed in range(4):
        own, outputs = net(seed=seed), steps(5, seed)
        decoder = own.greedy()
        decoder.push(outputs)
        (found,) = decoder.hypotheses(3)
        matching = [total for _, total in ways(own, outputs, found.symbols)]
        assert max(matching) >= found.log_probability - 1e-5
        text: list[int] = []
        for step in outputs:
            told, _ = own.predict(text[-1], tuple(text[:-1])) if text else own.predict(0, None)
            label = int(own.log_shares(step[None], told)[0].argmax())
            text += [label] if label else []
        assert list(found.symbols) == text == list(decoder.best())


@pytest.mark.parametrize("size", [None, 1, 3])
def test_steps_come_in_pieces_of_any_size(size: int | None) -> None:
    own, outputs = net(4, 5), steps(12, 5)
    whole = own.greedy() if size is None else own.beam(size)
    whole.push(outputs)
    for piece in (1, 5):
        other = own.greedy() if size is None else own.beam(size)
        for begin in range(0, 12, piece):
            other.push(outputs[begin : begin + piece])
        assert other.hypotheses(3) == whole.hypotheses(3)
        assert other.best() == whole.best()
        assert other.blanks == whole.blanks


@pytest.mark.parametrize("beam", [False, True])
def test_steps_that_told_nothing_are_counted(beam: bool) -> None:
    def predict(symbol: int, memory: int | None) -> tuple[np.ndarray, int]:
        return np.zeros(1, np.float32), 0

    weight, bias = np.array([[-9.0], [9.0]], np.float32), np.array([0, -7], np.float32)
    own = Transducer(predict, weight, bias)  # a step of 1 tells a symbol, one of 0 the blank
    decoder = own.beam(3) if beam else own.greedy()
    counts = []
    for step in (0.0, 1.0, 0.0, 0.0):
        decoder.push(np.array([[step]], np.float32))
        counts.append(decoder.blanks)
    assert counts == [1, 0, 1, 2]
    assert decoder.best() == (1,)


def test_the_likeliest_alignment_of_all() -> None:
    for seed, text in enumerate(([1], [2, 1], [1, 1], [2, 1, 2], [1, 1, 1, 2])):
        own, outputs = net(seed=seed), steps(5, seed)
        told, _ = max(ways(own, outputs, tuple(text)), key=lambda one: one[1])
        found = own.align(outputs, text)
        assert [(one.first, one.end) for one in found] == [(step, step + 1) for _, step in told]
        for place, (label, step) in enumerate(told):
            before = text[:place]
            features, _ = own.predict(before[-1], tuple(before[:-1])) if before else own.predict(0, None)
            assert found[place].log_share == pytest.approx(
                own.log_shares(outputs[step][None], features)[0, label], rel=1e-5
            )
    assert net().align(steps(2), []) == []
    assert net().align(steps(0), [1]) == []
    assert net().align(steps(2), [1, 2, 1]) == []

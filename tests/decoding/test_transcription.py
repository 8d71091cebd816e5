import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from recurra.decoding.connectionist import BestPath, PrefixBeam, collapsed
from recurra.decoding.transcription import Together, WordList

NEVER = -math.inf


def shares(time: int, labels: int, seed: int) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, 2, (time, labels))
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def texts_by_probability(log_shares: np.ndarray) -> dict[tuple[int, ...], float]:
    """Of every text its probability, by going through every row of labels there is."""
    time, labels = log_shares.shape
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(labels), repeat=time):
        found[tuple(collapsed(path))] += math.exp(log_shares[range(time), path].sum())
    return found


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

    def of(self, text: tuple[int, ...]) -> float:
        pairs = itertools.pairwise((0, *text))
        return sum(float(self.table[one, two]) for one, two in pairs) + self.end(text[-1] if text else 0)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_that_holds_everything_is_exact(seed: int) -> None:
    log_shares = shares(5, 3, seed)
    truth = texts_by_probability(log_shares)
    beam = PrefixBeam(1000, unlikely=math.inf)
    beam.push(log_shares)
    found = beam.hypotheses(1000)
    assert {one.symbols: math.exp(one.log_probability) for one in found} == pytest.approx(truth)
    assert found[0].symbols == max(truth, key=truth.__getitem__)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize("seed", range(3))
def test_a_scorer_moves_what_is_best_as_it_should(seed: int) -> None:
    log_shares = shares(4, 3, seed)
    likes = Likes(np.random.default_rng(seed + 10).normal(0, 2, (3, 3)))
    beam = PrefixBeam(1000, Together([likes], bonus=0.5), unlikely=math.inf)
    beam.push(log_shares)
    truth = {
        text: math.log(share) + likes.of(text) + 0.5 * len(text)
        for text, share in texts_by_probability(log_shares).items()
    }
    found = beam.hypotheses(3)
    assert found[0].symbols == max(truth, key=truth.__getitem__)
    assert found[0].score == pytest.approx(truth[found[0].symbols])


@pytest.mark.parametrize("make", [BestPath, lambda: PrefixBeam(3), lambda: PrefixBeam(1)])
def test_steps_come_in_pieces_of_any_size(make) -> None:
    log_shares = shares(12, 4, 5).astype(np.float32)
    whole = make()
    whole.push(log_shares)
    for size in (1, 5):
        other = make()
        for begin in range(0, 12, size):
            other.push(log_shares[begin : begin + size])
        assert other.hypotheses(3) == whole.hypotheses(3)
        assert other.best() == whole.best()
        assert other.blanks == whole.blanks


@pytest.mark.parametrize("make", [BestPath, lambda: PrefixBeam(3)])
def test_steps_that_told_nothing_are_counted(make) -> None:
    decoder = make()
    log_shares = np.log(np.array([[0.8, 0.2], [0.2, 0.8], [0.9, 0.1], [0.9, 0.1]]))
    counts = []
    for step in log_shares:
        decoder.push(step[None])
        counts.append(decoder.blanks)
    assert counts == [1, 0, 1, 2]


def test_the_best_path_takes_the_likeliest_labels() -> None:
    log_shares = shares(9, 4, 2)
    decoder = BestPath()
    decoder.push(log_shares)
    assert list(decoder.best()) == collapsed(log_shares.argmax(axis=1).tolist())
    assert decoder.hypotheses(2)[0].score == pytest.approx(log_shares.max(axis=1).sum())


def test_only_words_of_a_list_are_written() -> None:
    texts = ["", "a", "b", " "]
    allowed = {"", "ab", "b", "ab b", "b ab", "b b", "ab ab", "b b b"}
    for seed in range(5):
        beam = PrefixBeam(200, Together([WordList(["ab", "b"], texts)]), unlikely=math.inf)
        log_shares = shares(5, 4, seed)
        beam.push(log_shares)
        found = {"".join(texts[one] for one in own.symbols) for own in beam.hypotheses(200)}
        assert {" ".join(one.split()) for one in found} <= allowed
        assert {"ab", "b", "ab b"} <= found
        truth = texts_by_probability(log_shares)
        for one in beam.hypotheses(3):
            assert math.exp(one.log_probability) == pytest.approx(truth[one.symbols])


def test_where_no_text_may_end_all_may() -> None:
    beam = PrefixBeam(1, Together([WordList(["ab"], ["", "a", "b"])]))
    beam.push(np.log(np.array([[0.01, 0.98, 0.01]])))
    assert beam.hypotheses(1)[0].symbols == (1,)

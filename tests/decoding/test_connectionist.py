import itertools

import numpy as np

from recurra.decoding.connectionist import align, collapsed


def shares(time: int, labels: int, seed: int) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, 2, (time, labels))
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def spans_of(path: tuple[int, ...]) -> list[tuple[int, int]]:
    """First step and the one after the last of each symbol of a row of labels."""
    found = []
    for step, label in enumerate(path):
        if label and (step == 0 or path[step - 1] != label):
            found.append([step, step + 1])
        elif label:
            found[-1][1] = step + 1
    return [(first, end) for first, end in found]


def test_the_likeliest_alignment_of_all() -> None:
    for seed, text in enumerate(([1], [2, 1], [1, 1], [2, 1, 2])):
        log_shares = shares(5, 3, seed)
        paths = [one for one in itertools.product(range(3), repeat=5) if collapsed(one) == text]
        best = max(paths, key=lambda path: log_shares[range(5), path].sum())
        found = align(log_shares, text)
        assert [(one.first, one.end) for one in found] == spans_of(best)
        for one, symbol in zip(found, text, strict=True):
            assert one.log_share == log_shares[one.first : one.end, symbol].max()


def test_a_text_that_does_not_fit_stands_nowhere() -> None:
    assert align(shares(2, 3, 0), [1, 1]) == []
    assert align(shares(2, 3, 0), []) == []
    assert len(align(shares(3, 3, 0), [1, 1])) == 2

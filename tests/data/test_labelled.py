"""Batches of an epoch: every row once, the same whenever they are asked for, and cheap to find."""

from itertools import chain

import numpy as np

from recurra.data.labelled import LabelledSource


def source(seed: int = 0, rows: int = 50) -> LabelledSource:
    lengths = np.random.default_rng(1).integers(1, 9, rows)
    encoded = [np.full((length, 1), row, np.float32) for row, length in enumerate(lengths)]
    return LabelledSource(encoded, [np.int64(row) for row in range(rows)], False, batch_size=7, seed=seed)


def rows_of(one: LabelledSource, epoch: int) -> list[list[int]]:
    return [one.batch(epoch, index).target.tolist() for index in range(len(one))]


def test_every_row_comes_once_an_epoch_in_another_order() -> None:
    first, second = rows_of(source(), 0), rows_of(source(), 1)
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(50))
    assert first != second
    assert first != rows_of(source(seed=1), 0)


def test_a_batch_is_the_same_whatever_was_asked_for_before() -> None:
    one = source()
    expected = {epoch: rows_of(source(), epoch) for epoch in range(3)}
    for epoch, index in ((2, 3), (0, 1), (2, 0), (1, 7), (0, 0), (0, 1)):
        assert one.batch(epoch, index).target.tolist() == expected[epoch][index]


def test_rows_are_sorted_once_an_epoch(monkeypatch) -> None:
    sorts, argsort = [], np.argsort
    monkeypatch.setattr(
        np, "argsort", lambda *given, **options: sorts.append(1) or argsort(*given, **options)
    )
    one = source()
    for epoch in (0, 1):
        rows_of(one, epoch)
    assert len(sorts) == 2

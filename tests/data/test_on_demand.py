import pickle
from functools import partial

import numpy as np
import pytest
from tests.trial import unchecked

from recurra.data.labelled import LabelledSource
from recurra.data.on_demand import OnDemand, lengths_of

without_type_checks = pytest.fixture(unchecked)


def row(made: list[int], number: int) -> np.ndarray:
    made.append(number)
    return np.full((number + 1, 2), number, np.float32)


def test_rows_are_made_when_they_are_asked_for_and_the_last_ones_are_kept() -> None:
    made: list[int] = []
    rows = OnDemand(partial(row, made), np.arange(1, 6), kept=8 * (4 + 5))
    assert made == []
    for number in (3, 4, 3, 4, 0, 3):
        np.testing.assert_array_equal(rows[number], np.full((number + 1, 2), number))
    assert made == [3, 4, 0, 3]
    assert lengths_of(rows).tolist() == [1, 2, 3, 4, 5]
    assert [len(one) for one in rows[1:3]] == [2, 3]
    np.testing.assert_array_equal(rows[-1], rows[4])
    with pytest.raises(IndexError):
        rows[5]


def test_what_is_kept_may_be_smaller_than_a_row() -> None:
    made: list[int] = []
    rows = OnDemand(partial(row, made), np.arange(1, 4), unfold=lambda kept: np.repeat(kept, 3, axis=1))
    for _ in range(2):
        np.testing.assert_array_equal(rows[2], np.full((3, 6), 2))
    assert made == [2]


def test_a_row_larger_than_the_bound_is_given_all_the_same() -> None:
    rows = OnDemand(partial(row, []), np.arange(1, 4), kept=1)
    assert [len(one) for one in rows] == [1, 2, 3]


@pytest.mark.usefixtures("without_type_checks")  # which look into sequences
def test_batches_are_those_of_rows_in_memory_and_only_theirs_are_made() -> None:
    made: list[int] = []
    encoded = [row([], number) for number in range(9)]
    targets = [np.int64(number) for number in range(9)]
    plain = LabelledSource(encoded, targets, False, batch_size=2, seed=1)
    rows = OnDemand(partial(row, made), np.arange(1, 10), kept=1)
    lazy = LabelledSource(rows, targets, False, batch_size=2, seed=1)
    batch = lazy.batch(0, 0)
    assert sorted(made) == sorted(batch.target.tolist())
    np.testing.assert_array_equal(batch.sequences.values, plain.batch(0, 0).sequences.values)
    again = pickle.loads(pickle.dumps(lazy))
    np.testing.assert_array_equal(again.batch(0, 1).target, plain.batch(0, 1).target)

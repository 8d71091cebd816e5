"""Sequences: padding, lengths, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trial import unchecked

from recurra import Sequences
from recurra.errors import ShapeError
from recurra.types import check_lengths

ragged = st.lists(st.integers(0, 7), min_size=1, max_size=5)


def sequences_of(lengths):
    return Sequences.from_list([torch.randn(length, 3) for length in lengths])


@given(ragged)
def test_a_list_comes_back(lengths):
    tensors = [torch.randn(length, 3) for length in lengths]
    sequences = Sequences.from_list(tensors)
    assert len(sequences) == len(lengths)
    assert sequences.values.shape == (len(lengths), max(lengths), 3)
    for got, given_tensor in zip(sequences.to_list(), tensors, strict=True):
        assert torch.equal(got, given_tensor)
    assert torch.equal(sequences.mask().sum(dim=1), sequences.lengths)
    assert not sequences.values[~sequences.mask()].any()


@given(ragged, st.integers(1, 8))
@settings(deadline=None)
def test_chunks_are_the_whole(lengths, steps):
    sequences = sequences_of(lengths)
    chunks = list(sequences.chunks(steps))
    assert all(chunk.values.shape[1] == steps for chunk in chunks[:-1])
    rows = [torch.cat(pieces) for pieces in zip(*(chunk.to_list() for chunk in chunks), strict=True)]
    assert len(rows) == (len(lengths) if max(lengths) else 0)
    for got, expected in zip(rows, sequences.to_list()[: len(rows)], strict=True):
        assert torch.equal(got, expected)
    assert torch.equal(sum((chunk.lengths for chunk in chunks), torch.zeros(len(lengths))), sequences.lengths)


def test_extended_rows_end_in_zeros():
    sequences = Sequences(torch.randn(3, 5, 2), torch.tensor([2, 0, 5]))
    longer = sequences.extended(3)
    assert longer.lengths.tolist() == [5, 3, 8]
    for row, before in zip(longer.to_list(), sequences.to_list(), strict=True):
        assert torch.equal(row[: len(before)], before)
        assert not row[len(before) :].any()
    assert sequences.extended(0) is sequences


def test_rows():
    sequences = sequences_of([2, 0, 5])
    for index in ([2, 0], torch.tensor([2, 0]), torch.tensor([True, False, True]), slice(0, 3, 2)):
        some = sequences.rows(index)
        assert sorted(some.lengths.tolist()) == [2, 5]
        assert torch.equal(some.values[some.lengths == 5], sequences.values[2:])


def test_arrays_and_whole_numbers():
    sequences = Sequences.from_list([np.array([1, 2, 3]), np.array([4])])
    assert sequences.values.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert sequences.to("cpu").lengths.tolist() == [3, 1]


def test_it_never_changes():
    with pytest.raises(AttributeError):
        sequences_of([2]).values = torch.zeros(1, 2)


without_type_checks = pytest.fixture(unchecked)

VALUES = torch.zeros(2, 5, 3)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([5, 3], "lengths is a list"),
        (torch.tensor([5, 3, 1]), "one per row"),
        (torch.tensor([5.0, 3.0]), "torch.int64"),
        (torch.tensor([5, 3], dtype=torch.int32), "lengths.long()"),
        (torch.tensor([6, 3]), "between 0 and 5"),
        (torch.tensor([5, -1]), "between -1 and 5"),
        (torch.tensor([5, 3], device="meta"), "on meta"),
    ],
)
def test_wrong_lengths_are_refused(lengths, message, without_type_checks):
    with pytest.raises(ShapeError, match=message.replace("(", "[(]").replace(")", "[)]")):
        check_lengths(lengths, VALUES)


def test_wrong_values_are_refused():
    with pytest.raises(ShapeError, match="values of shape"):
        Sequences(torch.zeros(3), torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ShapeError, match="at least 1"):
        next(sequences_of([2]).chunks(0))
    with pytest.raises(ShapeError, match="an empty list"):
        Sequences.from_list([])
    with pytest.raises(ShapeError, match="sequence 1 is"):
        Sequences.from_list([torch.zeros(2, 3), torch.zeros(2, 4)])
    with pytest.raises(ShapeError, match="sequence 1 is"):
        Sequences.from_list([torch.zeros(2), torch.zeros(2, dtype=torch.float64)])
    with pytest.raises(ShapeError, match="sequence 0 is"):
        Sequences.from_list([torch.tensor(1.0)])

"""The memory that calls of the engine borrow: reused, never shared, and never read before it is written."""

import threading

import pytest
import torch
from tests.catalogue import every_cell
from tests.trial import (
    BATCH,
    FEATURES,
    HIDDEN,
    assert_same,
    outcome,
    random_input,
    random_lengths,
    random_state,
)

from recurra.layers import Bidirectional, Recurrent
from recurra.ops.native import call
from recurra.ops.native.call import LEAST, borrowed

pytest.importorskip("recurra.native._engine")


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    monkeypatch.setattr(call, "_kept", [])


@pytest.fixture
def _everything_borrowed(monkeypatch):
    monkeypatch.setattr(call, "LEAST", 0)


def piece(count=LEAST, dtype=torch.float32):
    """Where a piece of a new workspace lies."""
    with borrowed(dtype) as room:
        return room.room(count, 1).data_ptr()


def kept_size():
    (block,) = call._kept
    return len(block)


def test_the_next_call_takes_the_same_memory():
    piece()
    (block,) = call._kept
    assert piece() == piece() == block.data_ptr()


def test_pieces_do_not_overlap_and_begin_at_cache_lines():
    for _ in range(2):  # fresh, and kept
        with borrowed(torch.float32) as room:
            pieces = [room.room(LEAST + odd, 1) for odd in (1, 3, 5)]
            for number, one in enumerate(pieces):
                one.fill_(number)
            assert all(bool((one == number).all()) for number, one in enumerate(pieces))
            assert all(one.data_ptr() % 64 == 0 for one in pieces)


def test_it_grows_to_what_was_needed_and_does_not_shrink():
    sizes = []
    for count in (LEAST, 3 * LEAST, 2 * LEAST):
        piece(count)
        sizes.append(kept_size())
    assert sizes == [LEAST, 3 * LEAST, 3 * LEAST]


def test_small_pieces_come_from_elsewhere():
    piece(LEAST - 1)
    assert kept_size() == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_most_that_is_kept_is_a_number_of_bytes(dtype, monkeypatch):
    monkeypatch.setattr(call, "MOST", 8 * LEAST)
    most = 8 * LEAST // dtype.itemsize
    piece(most + 1, dtype)
    assert kept_size() == 0
    piece(most, dtype)
    assert kept_size() == most


def test_another_type_has_memory_of_its_own():
    piece()
    with borrowed(torch.float64) as room:
        assert room.room(LEAST, 1).dtype == torch.float64
    assert call._kept[0].dtype == torch.float64


def test_two_threads_at_once_have_different_memory():
    piece()
    others = []
    with borrowed(torch.float32) as room:
        mine = room.room(LEAST, 1).data_ptr()
        other = threading.Thread(target=lambda: others.append(piece()))
        other.start()
        other.join()
    assert others != [mine]
    assert len(call._kept) == 1


def test_unwritten_memory_is_filled_as_torch_does():
    for _ in range(2):
        with borrowed(torch.float32) as room:
            borrowed_piece = room.room(LEAST, 1)
            assert bool(borrowed_piece.isnan().all())
            borrowed_piece.zero_()


def both_ways(row):
    return Bidirectional(row.make(FEATURES, HIDDEN), row.make(FEATURES, HIDDEN), backend="native")


@pytest.mark.usefixtures("_everything_borrowed")
@every_cell
@pytest.mark.parametrize("is_padded", [False, True])
def test_what_a_call_borrows_is_neither_read_unwritten_nor_kept(row, is_padded):
    """The first call has its memory from torch, the second borrows it; it is overwritten in between."""
    cell = row.make(FEATURES, HIDDEN).double()
    inputs, state = random_input(), random_state(cell.initial_state(BATCH))
    lengths = random_lengths() if is_padded else None
    expected = outcome(Recurrent(cell, backend="reference"), inputs, state, lengths=lengths)
    layer = Recurrent(cell, backend="native")
    for _ in range(2):
        got = outcome(layer, inputs, state, lengths=lengths)
        assert kept_size() > 0
        call._kept[0].fill_(torch.nan)
        assert_same(got, expected, row.condition)


@pytest.mark.usefixtures("_everything_borrowed")
@every_cell
def test_both_directions_keep_nothing_that_they_borrow(row):
    layer, leaf = both_ways(row).eval(), random_input(dtype=torch.float32).requires_grad_()
    found = []
    for _ in range(2):
        outputs, _ = layer(leaf)
        if call._kept:
            call._kept[0].fill_(torch.nan)
        found.append([outputs, *torch.autograd.grad(outputs.sin().sum(), [leaf, *layer.parameters()])])
        call._kept[0].fill_(torch.nan)
    for one, two in zip(*found, strict=True):
        assert bool(one.isfinite().all())
        assert torch.equal(one, two)


@pytest.mark.usefixtures("_everything_borrowed")
@every_cell
def test_training_follows_inference_mode(row):
    cell = row.make(FEATURES, HIDDEN).double().eval()
    layer, inputs, state = (
        Recurrent(cell, backend="native"),
        random_input(),
        random_state(cell.initial_state(BATCH)),
    )
    expected = outcome(layer, inputs, state)
    call._kept.clear()
    with torch.inference_mode():
        for _ in range(2):
            layer(inputs, state)
    assert_same(outcome(layer, inputs, state), expected)

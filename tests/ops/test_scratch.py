"""The memory that calls of the engine keep for the next one: bounded, never shared, never read unwritten."""

import threading

import pytest
import torch
from tests.catalogue import CELLS, every_cell
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

from recurra import native
from recurra.layers import Bidirectional, Recurrent
from recurra.ops.native.layer import NUMBERS, TAKEN, Results

pytest.importorskip("recurra.native._engine")
MOST = 1 << 26


def spoil() -> int:
    """Fill what this thread keeps with numbers that are none; how many bytes that is."""
    size: int = native.engine().spoil_scratch()
    return size


def in_a_thread(body):
    found = []
    thread = threading.Thread(target=lambda: found.append(body()))
    thread.start()
    thread.join()
    return found[0]


def called(row, batch, steps):
    with torch.no_grad():
        Recurrent(row.make(1, 16), backend="native")(torch.zeros(batch, steps, 1))
    return spoil()


def test_the_engine_takes_fields_in_the_order_in_which_they_are_given():
    assert (*NUMBERS, *TAKEN, *Results._fields) == native.engine().LAYER_FIELDS


@every_cell
def test_it_grows_to_what_was_needed_within_bounds_and_belongs_to_one_thread(row):
    def body():
        sizes = [spoil()]
        sizes += [called(row, batch, 50) for batch in (1, 40, 3)]
        return sizes

    before, small, large, again = in_a_thread(body)
    assert before == 0
    assert 0 < small < large == again <= MOST


def test_what_is_too_large_goes_back_to_the_system():
    row = next(row for row in CELLS if row.name == "lstm")
    assert in_a_thread(lambda: called(row, 300, 1000)) < MOST


@every_cell
@pytest.mark.parametrize("is_padded", [False, True])
def test_nothing_of_it_is_read_unwritten(row, is_padded):
    cell = row.make(FEATURES, HIDDEN).double()
    inputs, state = random_input(), random_state(cell.initial_state(BATCH))
    lengths = random_lengths() if is_padded else None
    expected = outcome(Recurrent(cell, backend="reference"), inputs, state, lengths=lengths)
    layer = Recurrent(cell, backend="native")
    for _ in range(2):
        got = outcome(layer, inputs, state, lengths=lengths)
        assert spoil() > 0
        assert_same(got, expected, row.condition)


@every_cell
def test_both_directions_keep_nothing_of_it(row):
    cells = row.make(FEATURES, HIDDEN), row.make(FEATURES, HIDDEN)
    layer = Bidirectional(*cells, backend="native").eval()
    leaf = random_input(dtype=torch.float32).requires_grad_()
    found = []
    for _ in range(2):
        outputs, _ = layer(leaf)
        spoil()
        found.append([outputs, *torch.autograd.grad(outputs.sin().sum(), [leaf, *layer.parameters()])])
        spoil()
    for one, two in zip(*found, strict=True):
        assert bool(one.isfinite().all())
        assert torch.equal(one, two)


@every_cell
def test_training_follows_inference_mode(row):
    cell = row.make(FEATURES, HIDDEN).double().eval()
    layer, inputs, state = (
        Recurrent(cell, backend="native"),
        random_input(),
        random_state(cell.initial_state(BATCH)),
    )
    expected = outcome(layer, inputs, state)
    with torch.inference_mode():
        for _ in range(2):
            layer(inputs, state)
    assert_same(outcome(layer, inputs, state), expected)

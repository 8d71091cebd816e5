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
from recurra.ops.native.plan import FIELDS

pytest.importorskip("recurra.native._engine")
MOST = 1 << 26


def kept() -> int:
    """How many bytes are kept."""
    size: int = native.engine().kept_scratch()
    return size


@pytest.fixture
def _filled():
    """Memory that nobody has written is filled with NaN, in torch and in the engine."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(mode=True)
    yield
    torch.use_deterministic_algorithms(mode=before)


def called(row, batch, steps):
    with torch.no_grad():
        Recurrent(row.make(1, 16), backend="native")(torch.zeros(batch, steps, 1))
    return kept()


def test_the_engine_takes_fields_in_the_order_in_which_they_are_given():
    assert FIELDS == native.engine().LAYER_FIELDS


@every_cell
def test_it_grows_to_what_was_needed_and_does_not_shrink(row):
    small, large, again = (called(row, batch, 50) for batch in (1, 40, 3))
    assert small <= large == again <= MOST


def test_what_is_too_large_goes_back_to_the_system():
    row = next(row for row in CELLS if row.name == "lstm")
    assert called(row, 300, 1000) < MOST


def test_threads_that_call_at_once_keep_one_block_and_share_none():
    row = next(row for row in CELLS if row.name == "lstm")
    layer, inputs = Recurrent(row.make(3, 20), backend="native"), torch.randn(6, 4, 30, 3)
    expected = [layer(one)[0].detach() for one in inputs]
    found = {}

    def body(number):
        for _ in range(20):
            found[number] = layer(inputs[number])[0].detach()

    threads = [threading.Thread(target=body, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[number], expected[number]) for number in range(6))
    assert kept() <= MOST


@pytest.mark.usefixtures("_filled")
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
        assert kept() > 0
        assert_same(got, expected, row.condition)


@pytest.mark.usefixtures("_filled")
@every_cell
def test_both_directions_read_nothing_of_it_unwritten(row):
    cells = row.make(FEATURES, HIDDEN), row.make(FEATURES, HIDDEN)
    layer = Bidirectional(*cells, backend="native").eval()
    leaf = random_input(dtype=torch.float32).requires_grad_()
    found = []
    for _ in range(2):
        outputs, _ = layer(leaf)
        found.append([outputs, *torch.autograd.grad(outputs.sin().sum(), [leaf, *layer.parameters()])])
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

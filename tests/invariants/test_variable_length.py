"""P3: variable length without packing, in every layer, for every cell, on every backend."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalogue import every_backend, every_cell
from tests.trial import (
    BATCH,
    FEATURES,
    HIDDEN,
    TIME,
    assert_close,
    outcome,
    random_input,
    random_lengths,
    random_state,
)

from recurra.layers import Bidirectional, Recurrent, Stack
from recurra.ops.walk import mapped

both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def layer_of(row, backend, reverse):
    return Recurrent(row.make(FEATURES, HIDDEN).double().eval(), reverse=reverse, backend=backend)


@every_backend
@both_directions
@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e30])
def test_padding_changes_nothing(row, backend, reverse, garbage):
    layer = layer_of(row, backend, reverse)
    inputs, lengths, state = random_input(), random_lengths(), random_state(layer.initial_state(BATCH))
    padding = torch.arange(TIME) >= lengths.unsqueeze(1)
    clean = outcome(layer, inputs, state, lengths=lengths)
    dirty = outcome(layer, inputs.masked_fill(padding.unsqueeze(-1), garbage), state, lengths=lengths)
    for name, result in clean.items():
        assert torch.equal(result, dirty[name]), name
    assert not clean["outputs"][padding].any()
    assert not clean["gradient of input"][padding].any()


@every_backend
@both_directions
@given(seed=st.integers(0, 10**6), batch=st.integers(1, 4), time=st.integers(1, 6))
@settings(max_examples=15, deadline=None)
def test_lengths_are_rows_run_alone(row, backend, reverse, seed, batch, time):
    torch.manual_seed(seed)
    layer = layer_of(row, backend, reverse)
    inputs, lengths = random_input(batch, time), random_lengths(batch, time)
    resets = torch.rand(batch, time) < 0.3
    state = random_state(layer.initial_state(batch))
    outputs, final = layer(inputs, state, lengths=lengths, resets=resets)
    for number, length in enumerate(lengths.tolist()):
        one = slice(number, number + 1)
        before = mapped(lambda field, one=one: field[one], state)
        if length == 0:
            alone, last = outputs[one, :0], before
        else:
            alone, last = layer(inputs[one, :length], before, resets=resets[one, :length])
        assert_close(outputs[one, :length], alone)
        for got, expected in zip(final, last, strict=True):
            assert_close(got[one], expected)


@every_backend
@both_directions
def test_more_padding_changes_nothing(row, backend, reverse):
    layer = layer_of(row, backend, reverse)
    inputs, lengths, state = random_input(), random_lengths(), random_state(layer.initial_state(BATCH))
    longer = torch.cat([inputs, torch.full_like(inputs, torch.nan)], dim=1)
    one, two = (layer(values, state, lengths=lengths) for values in (inputs, longer))
    assert_close(two[0][:, :TIME], one[0])
    assert not two[0][:, TIME:].any()
    for got, expected in zip(two[1], one[1], strict=True):
        assert_close(got, expected)


@every_backend
def test_full_lengths_are_none(row, backend):
    layer = layer_of(row, backend, reverse=False)
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    one = outcome(layer, inputs, state)
    two = outcome(layer, inputs, state, lengths=torch.full((BATCH,), TIME))
    for name, result in one.items():
        assert torch.equal(result, two[name]), name


@every_backend
def test_all_rows_empty(row, backend):
    layer = layer_of(row, backend, reverse=False)
    state = random_state(layer.initial_state(BATCH))
    results = outcome(layer, random_input(), state, lengths=torch.zeros(BATCH, dtype=torch.int64))
    assert not results["outputs"].any()
    for name, field in state._asdict().items():
        assert torch.equal(results[f"final {name}"], field)


@every_backend
@both_directions
def test_reverse_is_flip_run_flip(row, backend, reverse):
    layer, other = layer_of(row, backend, reverse), layer_of(row, backend, not reverse)
    other.load_state_dict(layer.state_dict())
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    lengths = random_lengths()

    def flipped(values):
        rows = [torch.cat([v[:n].flip(0), v[n:]]) for v, n in zip(values, lengths.tolist(), strict=True)]
        return torch.stack(rows)

    one, two = outcome(layer, inputs, state, lengths=lengths), other(flipped(inputs), state, lengths=lengths)
    assert_close(flipped(two[0]), one["outputs"])
    for got, name in zip(two[1], state._fields, strict=True):
        assert_close(got, one[f"final {name}"])


@every_backend
@both_directions
def test_resets_are_pieces_run_alone(row, backend, reverse):
    layer = layer_of(row, backend, reverse)
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    resets = torch.zeros(BATCH, TIME, dtype=torch.bool)
    resets[:, 3] = True
    outputs, final = layer(inputs, state, resets=resets)
    zeros = mapped(torch.zeros_like, state)
    cut = 4 if reverse else 3
    first, second = (state, zeros) if not reverse else (zeros, state)
    early, early_state = layer(inputs[:, :cut], first)
    late, late_state = layer(inputs[:, cut:], second)
    assert_close(outputs, torch.cat([early, late], dim=1))
    for got, expected in zip(final, early_state if reverse else late_state, strict=True):
        assert_close(got, expected)


@every_cell
@pytest.mark.parametrize("merge", ["concat", "sum", "mean"])
def test_deep_layers_treat_rows_alone(row, merge):
    below = Bidirectional(row.make(FEATURES, HIDDEN), row.make(FEATURES, HIDDEN), merge=merge)
    stack = Stack(
        [below, Recurrent(row.make(below.output_size, HIDDEN))], residual=below.output_size == HIDDEN
    )
    stack.double().eval()
    inputs, lengths = random_input(), random_lengths()
    padding = torch.arange(TIME) >= lengths.unsqueeze(1)
    outputs, _ = stack(inputs.masked_fill(padding.unsqueeze(-1), torch.nan), lengths=lengths)
    for number, length in enumerate(lengths.tolist()):
        assert not outputs[number, length:].any()
        if length:
            alone, _ = stack(inputs[number : number + 1, :length])
            assert_close(outputs[number, :length], alone[0])

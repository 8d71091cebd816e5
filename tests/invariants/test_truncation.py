"""P2 and P4: chunks give what the whole gives, and gradients end exactly where the state is cut."""

import pytest
import torch
from tests.catalogue import every_backend
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
    weighted,
)

from recurra.layers import Recurrent
from recurra.ops.walk import mapped


def layer_of(row, backend):
    return Recurrent(row.make(FEATURES, HIDDEN).double().eval(), backend=backend)


@every_backend
@pytest.mark.parametrize("size", [1, 3, 7])
def test_chunks_are_the_whole(row, backend, size):
    layer = layer_of(row, backend)
    inputs, lengths, state = random_input(), random_lengths(), random_state(layer.initial_state(BATCH))
    resets = torch.rand(BATCH, TIME) < 0.3
    whole, last = layer(inputs, state, lengths=lengths, resets=resets)
    outputs = []
    for start in range(0, TIME, size):
        chunk = inputs[:, start : start + size]
        rest = (lengths - start).clamp(0, chunk.shape[1])
        output, state = layer(chunk, state, lengths=rest, resets=resets[:, start : start + size])
        outputs.append(output)
    assert_close(torch.cat(outputs, dim=1), whole)
    for got, expected in zip(state, last, strict=True):
        assert_close(got, expected)


@every_backend
def test_steps_are_the_whole(row, backend):
    layer = layer_of(row, backend)
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    whole, last = layer(inputs, state)
    for time in range(TIME):
        output, state = layer.cell(inputs[:, time], state)
        assert_close(output, whole[:, time])
    for got, expected in zip(state, last, strict=True):
        assert_close(got, expected)


@every_backend
def test_a_row_is_the_same_in_any_batch(row, backend):
    layer = layer_of(row, backend)
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    whole, _ = layer(inputs, state)
    order = torch.randperm(BATCH)
    shuffled, _ = layer(inputs[order], mapped(lambda field: field[order], state))
    assert_close(shuffled, whole[order])
    for number in range(BATCH):
        alone, _ = layer(inputs[number : number + 1], mapped(lambda f, n=number: f[n : n + 1], state))
        assert_close(alone[0], whole[number])


@every_backend
def test_one_chunk_is_full_backpropagation(row, backend):
    layer = layer_of(row, backend)
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    full = outcome(layer, inputs, state)
    truncated = outcome(layer, inputs, mapped(lambda field: field.detach(), state))
    for name, result in full.items():
        assert torch.equal(result, truncated[name]), name


@every_backend
def test_no_gradient_crosses_a_border_that_the_state_crosses(row, backend):
    layer = layer_of(row, backend)
    inputs = random_input().requires_grad_()
    cut = 4
    _, state = layer(inputs[:, :cut])
    after, _ = layer(inputs[:, cut:], mapped(lambda field: field.detach(), state))
    (gradient,) = torch.autograd.grad(weighted(after, 0), inputs)
    assert not gradient[:, :cut].any()
    assert gradient[:, cut:].all()
    fresh, _ = layer(inputs[:, cut:])
    assert not torch.allclose(after, fresh), "the state did not cross"
    joined, _ = layer(inputs)
    (full,) = torch.autograd.grad(weighted(joined[:, cut:], 0), inputs)
    assert full[:, :cut].any(), "full backpropagation goes further"


@every_backend
def test_no_gradient_crosses_a_reset(row, backend):
    layer = layer_of(row, backend)
    inputs = random_input().requires_grad_()
    resets = torch.zeros(BATCH, TIME, dtype=torch.bool)
    resets[2, 4] = True
    outputs, _ = layer(inputs, resets=resets)
    (gradient,) = torch.autograd.grad(weighted(outputs[:, 4:], 0), inputs)
    assert not gradient[2, :4].any()
    assert gradient[[0, 1, 3, 4], :4].any(dim=(1, 2)).all()

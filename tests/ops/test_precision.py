"""Autocast runs every cell on every backend, and leaves states in float32."""

import pytest
import torch
from tests.catalogue import every_backend, every_cell
from tests.trial import BATCH, FEATURES, HIDDEN, random_input, random_lengths

from recurra.layers import Recurrent


@every_backend
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("variable", [False, True], ids=["dense", "lengths"])
def test_autocast(row, backend, dtype, variable):
    layer = Recurrent(row.make(FEATURES, HIDDEN).eval(), backend=backend)
    inputs, lengths = random_input(dtype=torch.float32), random_lengths() if variable else None
    expected, _ = layer(inputs, lengths=lengths)
    with torch.autocast("cpu", dtype):
        outputs, state = layer(inputs, lengths=lengths)
        from_half, _ = layer(inputs.to(dtype), layer.initial_state(BATCH), lengths=lengths)
    assert {outputs.dtype, *(field.dtype for field in state)} == {torch.float32}
    torch.testing.assert_close(outputs, expected, rtol=0, atol=0.03)
    torch.testing.assert_close(from_half, expected, rtol=0, atol=0.03)
    outputs.sum().backward()
    for weight in layer.parameters():
        assert weight.grad.dtype == torch.float32
        assert weight.grad.isfinite().all()


@every_cell
def test_half_precision_weights(row):
    layer = Recurrent(row.make(FEATURES, HIDDEN).eval())
    inputs = random_input(dtype=torch.float32)
    expected, _ = layer(inputs)
    outputs, state = layer.bfloat16()(inputs.bfloat16(), lengths=random_lengths())
    assert {outputs.dtype, *(field.dtype for field in state)} == {torch.bfloat16}
    torch.testing.assert_close(layer(inputs.bfloat16())[0].float(), expected, rtol=0, atol=0.06)

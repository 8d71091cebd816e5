"""What stands on top of dense kernels: the padding feature, rows turned around, and rows cut into pieces.

The feature holds the state whatever the weights are, and disturbs nothing; the other two lose nothing.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalogue import CELLS
from tests.trial import FEATURES, HIDDEN, assert_same, outcome, random_input, random_lengths, random_state

from recurra.layers import Recurrent
from recurra.ops.dense import Pieces, at_last_step, flipped, out_of_reach

LENGTHS = torch.tensor([7, 0, 3, 5, 1])
every_fused_cell = pytest.mark.parametrize("row", [row for row in CELLS if "torch" in row.backends], ids=str)
sizes = {"seed": st.integers(0, 10**6), "batch": st.integers(1, 5), "time": st.integers(1, 7)}


@every_fused_cell
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saturated_gates_do_not_reach_into_the_padding(row, dtype):
    cell = row.make(FEATURES, HIDDEN).to(dtype)
    with torch.no_grad():
        for name, weight in cell.named_parameters():
            if name.startswith("bias"):
                weight.copy_(torch.tensor([-3e4, 3e4]).repeat(len(weight) // 2))
    inputs, state = random_input(dtype=dtype), random_state(cell.initial_state(5))
    expected, got = (
        outcome(Recurrent(cell, backend=backend), inputs, state, lengths=LENGTHS)
        for backend in ("reference", "torch")
    )
    assert_same(got, expected)


@every_fused_cell
@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_anomaly_detection_finds_none(row):
    layer = Recurrent(row.make(FEATURES, HIDDEN), backend="torch")
    inputs = random_input(dtype=torch.float32).requires_grad_()
    with torch.autograd.detect_anomaly():
        outputs, _ = layer(inputs, lengths=LENGTHS)
        (1e6 * outputs.sin()).sum().backward()
    assert inputs.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_weight_of_the_padding_feature_is_finite(dtype):
    column = torch.tensor([-1.0, 1.0]).to(dtype) * out_of_reach(dtype)
    assert column.isfinite().all()
    assert column.sigmoid().tolist() == [0.0, 1.0]


@given(**sizes)
@settings(deadline=None)
def test_flipped_within_lengths(seed, batch, time):
    torch.manual_seed(seed)
    values, lengths = torch.randn(batch, time, 3), random_lengths(batch, time)
    turned = flipped(values, lengths)
    for row, length in enumerate(lengths.tolist()):
        assert torch.equal(turned[row, :length], values[row, :length].flip(0))
        assert torch.equal(turned[row, length:], values[row, length:])
    assert torch.equal(flipped(turned, lengths), values)
    assert torch.equal(flipped(flipped(values, None), None), values)


@given(**sizes)
@settings(deadline=None)
def test_pieces_join_again(seed, batch, time):
    torch.manual_seed(seed)
    values, lengths = torch.randn(batch, time, 3), random_lengths(batch, time)
    valid = torch.arange(time) < lengths.unsqueeze(1)
    resets = (torch.rand(batch, time) < 0.4) & valid
    pieces = Pieces.between(resets, lengths)
    cut = pieces.cut(values)
    assert int(pieces.lengths.sum()) == int(lengths.sum())
    assert len(cut) == batch + int(resets[:, 1:].sum())
    assert int(pieces.continues.sum()) == batch - int(resets[:, 0].sum())
    assert torch.equal(pieces.joined(cut), values * valid.unsqueeze(-1))
    for piece, row, start, length in zip(cut, pieces.row, pieces.start, pieces.lengths, strict=True):
        assert torch.equal(piece[:length], values[row, start : start + length])
        assert not piece[length:].any()


def test_last_valid_output_or_the_initial_one():
    outputs, initial = torch.randn(3, 5, 2), torch.randn(3, 2)
    last = at_last_step(outputs, initial, torch.tensor([5, 0, 2]))
    assert torch.equal(last, torch.stack([outputs[0, 4], initial[1], outputs[2, 1]]))

"""The padding feature of the fused kernels holds the state whatever the weights are, and disturbs nothing."""

import pytest
import torch
from tests.catalogue import CELLS
from tests.trial import FEATURES, HIDDEN, assert_same, outcome, random_input, random_state

from recurra.layers import Recurrent
from recurra.ops.dense import out_of_reach

LENGTHS = torch.tensor([7, 0, 3, 5, 1])
every_fused_cell = pytest.mark.parametrize("row", [row for row in CELLS if "torch" in row.backends], ids=str)


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

"""What is special about the simple recurrent net: its ReLU knows no bounds."""

import torch
from tests.trial import FEATURES, HIDDEN, outcome

from recurra.cells import Elman
from recurra.layers import Recurrent


def test_a_net_that_explodes_does_not_explode_in_the_padding():
    cell = Elman(FEATURES, HIDDEN, nonlinearity="relu")
    with torch.no_grad():
        for weight in cell.parameters():
            weight.abs_().mul_(4)
    inputs, lengths = torch.randn(3, 200, FEATURES).abs(), torch.tensor([3, 5, 200])
    inputs[2] = 0  # the long row stays calm
    expected, got = (
        outcome(Recurrent(cell, backend=backend), inputs, cell.initial_state(3), lengths=lengths)
        for backend in ("reference", "torch")
    )
    for name, result in got.items():
        assert result.isfinite().all()
        torch.testing.assert_close(result, expected[name])

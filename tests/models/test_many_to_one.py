import pytest
import torch
from tests.trial import assert_close

from recurra.models.many_to_one import ManyToOne
from recurra.recurrence import Recurrence


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru_reset_before", "layer_norm_lstm"])
def test_the_result_is_that_of_the_valid_steps_alone(cell: str, bidirectional: bool) -> None:
    model = ManyToOne(
        3, 2, Recurrence(cell=cell, hidden_size=5, num_layers=2, bidirectional=bidirectional)
    ).eval()
    inputs, lengths = torch.randn(4, 7, 3), torch.tensor([7, 1, 0, 4])
    inputs[3, 4:] = torch.nan
    with torch.no_grad():
        results = model(inputs, lengths=lengths)
        for row, length in enumerate(lengths):
            assert_close(results[row], model(inputs[row : row + 1, :length])[0])


def test_padding_reaches_no_gradient() -> None:
    model = ManyToOne(3, 2, Recurrence(hidden_size=5))
    inputs = torch.full((2, 7, 3), torch.nan)
    inputs[:, :4] = torch.randn(2, 4, 3)
    model(inputs, lengths=torch.tensor([4, 4])).sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters()
    )

import pytest
import torch
from tests.trial import assert_close

from recurra.models.many_to_one import ManyToOne
from recurra.recurrence import Recurrence


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"residual": True}], ids=str)
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru_reset_before", "layer_norm_lstm"])
def test_the_result_is_that_of_the_valid_steps_alone(cell: str, options: dict[str, bool]) -> None:
    model = ManyToOne(3, 2, Recurrence(cell=cell, hidden_size=5, num_layers=2, **options)).eval()
    inputs, lengths = torch.randn(4, 7, 3), torch.tensor([7, 1, 0, 4])
    inputs[3, 4:] = torch.nan
    with torch.no_grad():
        results = model(inputs, lengths=lengths)
        for row, length in enumerate(lengths):
            assert_close(results[row], model(inputs[row : row + 1, :length])[0])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("residual", [False, True])
def test_the_result_is_made_of_the_outputs_of_the_whole_stack(bidirectional: bool, residual: bool) -> None:
    options = Recurrence(hidden_size=5, num_layers=2, bidirectional=bidirectional, residual=residual)
    model, inputs = ManyToOne(3, 2, options).eval(), torch.randn(4, 7, 3)
    with torch.no_grad():
        outputs, state = model.encoder(model.projection(inputs))
        last = outputs[:, -1]
        if bidirectional:
            last = torch.cat([last[:, :5], outputs[:, 0, 5:]], dim=-1)
        elif not residual:
            assert_close(last, state[-1].hidden)
        assert_close(model(inputs), model.output(last))


def test_padding_reaches_no_gradient() -> None:
    model = ManyToOne(3, 2, Recurrence(hidden_size=5))
    inputs = torch.full((2, 7, 3), torch.nan)
    inputs[:, :4] = torch.randn(2, 4, 3)
    model(inputs, lengths=torch.tensor([4, 4])).sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters()
    )

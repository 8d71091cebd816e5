from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trial import unchecked
from torch import Tensor

from recurra.cells.registry import CELLS
from recurra.config import validated
from recurra.errors import ConfigError, ShapeError
from recurra.models.encoder_decoder import EncoderDecoder
from recurra.recurrence import Recurrence

without_type_checks = pytest.fixture(unchecked)

LENGTHS = torch.tensor([7, 3, 1])


def model_of(cell: str, **settings: Any) -> EncoderDecoder:
    torch.manual_seed(5)
    options = {"hidden_size": 5, "num_layers": 2, "dropout": 0.0, **settings}
    return EncoderDecoder(3, 2, Recurrence(cell=cell, **options))


def gradients(model: EncoderDecoder, source: Tensor, target: Tensor, lengths: Tensor | None) -> list[Tensor]:
    model.zero_grad()
    model(source, target, lengths=lengths).square().sum().backward()
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize(
    "settings",
    [{}, {"bidirectional": True}, {"residual": True}, {"bidirectional": True, "residual": True}],
    ids=str,
)
@pytest.mark.parametrize("cell", CELLS)
def test_gradient_reaches_every_parameter(cell: str, settings: dict[str, Any]):
    model = model_of(cell, **settings)
    source, target = torch.randn(3, 7, 3), torch.randn(3, 4, 2)
    assert model(source, target).shape == (3, 4, 5)
    found = gradients(model, source, target, None)
    names = [name for name, _ in model.named_parameters()]
    assert len(found) == len(names)
    assert [name for name, one in zip(names, found, strict=True) if not one.abs().sum() > 0] == []


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_neither_outputs_nor_gradients(cell: str, bidirectional: bool):
    model = model_of(cell, bidirectional=bidirectional)
    source, target = torch.randn(3, 7, 3), torch.randn(3, 4, 2)
    padded = source.clone()
    for row, length in enumerate(LENGTHS):
        padded[row, length:] = float("nan")
    assert torch.equal(model(source, target, lengths=LENGTHS), model(padded, target, lengths=LENGTHS))
    clean, garbage = (gradients(model, one, target, LENGTHS) for one in (source, padded))
    assert all(torch.equal(one, other) for one, other in zip(clean, garbage, strict=True))


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=4), st.sampled_from(sorted(CELLS)))
def test_a_batch_of_any_lengths_is_its_rows_one_by_one(lengths: list[int], cell: str):
    model = model_of(cell).double()
    source = torch.randn(len(lengths), 7, 3, dtype=torch.float64)
    target = torch.randn(len(lengths), 4, 2, dtype=torch.float64)
    together = model(source, target, lengths=torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = model(source[row : row + 1, :length], target[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone)


def test_every_step_of_the_target_sees_the_source_and_no_later_target():
    model = model_of("gru")
    source = torch.randn(1, 7, 3, requires_grad=True)
    target = torch.randn(1, 4, 2, requires_grad=True)
    for step in range(4):
        by_source, by_target = torch.autograd.grad(model(source, target)[0, step].sum(), (source, target))
        assert (by_source[0].abs().sum(dim=1) > 0).all()
        assert by_target[0, step].abs().sum() > 0
        assert (by_target[0, step + 1 :] == 0).all()


@pytest.mark.parametrize("cell", ["lstm", "gru", "layer_norm_lstm"])
@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout", "zoneout"])
def test_regularisation_draws_in_training_only(cell: str, option: str):
    model = model_of(cell, **{option: 0.4})
    source, target = torch.randn(3, 7, 3), torch.randn(3, 4, 2)
    assert not torch.equal(model(source, target), model(source, target))
    model.eval()
    assert torch.equal(model(source, target), model(source, target))


def test_lengths_that_are_no_tensor_are_refused(without_type_checks: None):
    with pytest.raises(ShapeError, match="lengths is a list"):
        model_of("gru")(torch.randn(3, 7, 3), torch.randn(3, 4, 2), lengths=[7, 3, 1])


def test_an_unknown_cell_names_those_there_are():
    with pytest.raises(ConfigError, match="layer_norm_lstm"):
        EncoderDecoder(3, 2, validated(Recurrence, {"cell": "lsmt"}))

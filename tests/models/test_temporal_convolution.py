import pytest
import torch
from torch import Tensor

from recurra.models.temporal_convolution import CausalConvolution, TemporalConvolution


def sensitivity(model: TemporalConvolution, time: int) -> Tensor:
    """How far the last output answers to each step of the input, `(time,)`."""
    inputs = torch.randn(2, time, model.input_size, requires_grad=True)
    model(inputs)[:, -1].sum().backward()
    assert inputs.grad is not None
    return inputs.grad.abs().sum(dim=(0, 2))


@pytest.mark.parametrize("span", [1, 2, 5, 9, 13, 40])
@pytest.mark.parametrize("kernel_size", [2, 3])
def test_one_output_for_every_step(span: int, kernel_size: int):
    model = TemporalConvolution(3, 5, span=span, kernel_size=kernel_size)
    assert model(torch.randn(2, 7, 3)).shape == (2, 7, 5)
    assert model.receptive_field >= span


@pytest.mark.parametrize("step", [0, 3, 6])
def test_the_future_changes_nothing(step: int):
    model = TemporalConvolution(3, 5, span=7)
    inputs = torch.randn(2, 7, 3)
    changed = inputs.clone()
    changed[:, step + 1 :] = 1e6
    assert torch.equal(model(inputs)[:, : step + 1], model(changed)[:, : step + 1])


@pytest.mark.parametrize("span", [1, 4, 11, 23])
def test_the_last_output_sees_the_span_and_no_more_than_the_receptive_field(span: int):
    model = TemporalConvolution(3, 16, span=span)
    seen = sensitivity(model, model.receptive_field + 5)
    assert (seen[-span:] > 0).all()
    assert (seen[: -model.receptive_field] == 0).all()


def test_gradient_reaches_every_parameter():
    model = TemporalConvolution(3, 5, span=11)
    model(torch.randn(4, 13, 3)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_dropout_acts_in_training_only():
    model = TemporalConvolution(3, 5, span=7, dropout=0.5)
    inputs = torch.randn(2, 7, 3)
    assert not torch.equal(model(inputs), model(inputs))
    model.eval()
    assert torch.equal(model(inputs), model(inputs))


def test_a_causal_convolution_is_the_sum_over_its_past():
    layer = CausalConvolution(1, 1, kernel_size=2, dilation=3)
    channels = torch.randn(1, 1, 7)
    weight, bias = layer.convolution.weight.flatten(), layer.convolution.bias
    past = torch.cat([torch.zeros(3), channels[0, 0, :-3]])
    torch.testing.assert_close(layer(channels)[0, 0], weight[0] * past + weight[1] * channels[0, 0] + bias)

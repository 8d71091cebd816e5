import pytest
import torch

from recurra.models.feed_forward import FeedForward


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_shape_depth_and_gradient(num_layers: int):
    model = FeedForward(3, 5, 2, num_layers=num_layers)
    output = model(torch.randn(7, 3))
    assert output.shape == (7, 2)
    assert len(model.layers) == num_layers + 1
    output.square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_rows_do_not_see_each_other():
    model, inputs = FeedForward(3, 5, 2), torch.randn(7, 3)
    one_by_one = torch.cat([model(row[None]) for row in inputs])
    torch.testing.assert_close(model(inputs), one_by_one)


def test_dropout_acts_in_training_only():
    model, inputs = FeedForward(3, 5, 2, dropout=0.5), torch.randn(7, 3)
    assert not torch.equal(model(inputs), model(inputs))
    model.eval()
    assert torch.equal(model(inputs), model(inputs))

"""The chunked loss against torch's."""

import pytest
import torch
import torch.nn.functional as F

from recurra.layers import linear_cross_entropy as place
from recurra.layers.linear_cross_entropy import linear_cross_entropy, token_losses


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("at_once", [1, 80, 10_000])
def test_loss_and_gradients_are_those_of_torch(
    smoothing: float, has_bias: bool, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_AT_ONCE", at_once)
    features = torch.randn(17, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(11, 5, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(11, dtype=torch.float64, requires_grad=True) if has_bias else None
    targets = torch.randint(0, 11, (17,))
    targets[[3, 16]] = -100
    leaves = [one for one in (features, weight, bias) if one is not None]
    ours = linear_cross_entropy(features, weight, bias, targets, label_smoothing=smoothing)
    logits = F.linear(features, weight, bias)
    theirs = F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(ours, theirs)
    got = torch.autograd.grad(3 * ours, leaves)
    torch.testing.assert_close(got, torch.autograd.grad(3 * theirs, leaves))
    each = F.cross_entropy(F.linear(features, weight, bias), targets, reduction="none")
    torch.testing.assert_close(
        token_losses(features, weight, bias, targets).double(), each, rtol=1e-5, atol=1e-5
    )


def test_steps_count_by_their_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_AT_ONCE", 1)
    features = torch.randn(17, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(11, 5, dtype=torch.float64, requires_grad=True)
    targets, shares = torch.randint(0, 11, (17,)), torch.rand(17, dtype=torch.float64)
    targets[4] = -100
    ours = linear_cross_entropy(features, weight, None, targets, shares=shares)
    theirs = (F.cross_entropy(F.linear(features, weight), targets, reduction="none") * shares).sum()
    torch.testing.assert_close(ours, theirs)
    got, expected = (torch.autograd.grad(total, (features, weight)) for total in (ours, theirs))
    torch.testing.assert_close(got, expected)


def test_the_gradient_is_right_in_differences() -> None:
    features = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0, 4, -100, 2])
    torch.autograd.gradcheck(lambda *leaves: linear_cross_entropy(*leaves, None, targets), (features, weight))


def test_very_wrong_and_very_right_logits_stay_finite() -> None:
    features = torch.tensor([[1000.0], [-1000.0]], requires_grad=True)
    weight = torch.tensor([[1.0], [-1.0], [0.0]], requires_grad=True)
    total = linear_cross_entropy(features, weight, None, torch.tensor([1, 1]))
    total.backward()  # type: ignore[no-untyped-call]
    assert float(total.detach()) == 2000
    assert features.grad is not None
    assert features.grad.isfinite().all()

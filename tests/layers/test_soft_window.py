"""The window over a text: its formula, that it only moves on, and that steps one by one are those at once."""

import math

import pytest
import torch

from recurra.layers.soft_window import SoftWindow


def made(dtype: torch.dtype = torch.float64) -> tuple[SoftWindow, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    window = SoftWindow(5, 3).to(dtype)
    steps, symbols = torch.randn(2, 11, 5, dtype=dtype), torch.randn(2, 7, 4, dtype=dtype)
    mask = torch.arange(7) < torch.tensor([7, 4]).unsqueeze(1)
    return window, steps, symbols, mask


def test_weights_are_those_of_the_formula() -> None:
    window, steps, symbols, mask = made()
    seen, weights, last = window(steps, symbols, mask)
    for row in range(2):
        place = [0.0] * 3
        for step in range(11):
            numbers = window.projection(steps[row, step]).tolist()
            place = [one + math.exp(ahead) for one, ahead in zip(place, numbers[6:], strict=True)]
            for symbol in range(7):
                expected = sum(
                    math.exp(numbers[one])
                    * math.exp(-math.exp(numbers[3 + one]) * (place[one] - symbol) ** 2)
                    for one in range(3)
                )
                found = weights[row, step, symbol].item()
                assert found == pytest.approx(expected if mask[row, symbol] else 0, rel=1e-9)
        assert last[row].tolist() == pytest.approx(place)
    torch.testing.assert_close(seen, weights @ symbols)


def test_steps_one_by_one_are_those_at_once() -> None:
    window, steps, symbols, mask = made()
    whole, _, _ = window(steps, symbols, mask)
    place, found = None, []
    for step in steps.split(1, dim=1):
        seen, _, place = window(step, symbols, mask, place)
        found.append(seen)
    torch.testing.assert_close(torch.cat(found, dim=1), whole)


def test_gradients_are_those_of_finite_differences() -> None:
    window, steps, symbols, mask = made()
    own = steps[:, :3].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda given: window(given, symbols, mask)[:2], own)


def test_it_stays_finite() -> None:
    window, steps, symbols, mask = made(torch.float32)
    own = (1e4 * steps).requires_grad_()
    seen, _, last = window(own, symbols, mask)
    seen.sum().backward()
    assert own.grad is not None
    assert all(torch.isfinite(one).all() for one in (seen, last, own.grad))

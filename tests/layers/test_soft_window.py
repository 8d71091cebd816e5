"""The window over a text: its formula, that it only moves on, and that steps one by one are those at once."""

import math

import pytest
import torch

from recurra.layers.soft_window import SoftWindow, at_most


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
            raw = window.projection(steps[row, step]).tolist()
            numbers = [-math.log(math.exp(-one) + math.exp(-5)) for one in raw]
            place = [one + math.exp(ahead) for one, ahead in zip(place, numbers[6:], strict=True)]
            shares = [
                sum(
                    math.exp(numbers[one])
                    * math.exp(-math.exp(numbers[3 + one]) * (place[one] - symbol) ** 2)
                    for one in range(3)
                )
                for symbol in range(7)
                if mask[row, symbol]
            ]
            expected = [one / sum(shares) for one in shares] + [0.0] * (7 - len(shares))
            assert weights[row, step].tolist() == pytest.approx(expected, rel=1e-9)
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


def test_a_number_past_its_bound_still_learns() -> None:
    numbers = torch.tensor([-3.0, 4.0, 8.0], requires_grad=True)
    found = at_most(numbers, 5.0)
    assert found.tolist() == pytest.approx([-math.log(math.exp(-one) + math.exp(-5)) for one in (-3, 4, 8)])
    found.sum().backward()
    assert numbers.grad is not None
    assert (numbers.grad > 0.01).all()


def test_past_its_length_a_row_stays_where_it_is() -> None:
    window, steps, symbols, mask = made()
    before, lengths = torch.rand(2, 3, dtype=torch.float64), torch.tensor([6, 0])
    _, _, last = window(steps, symbols, mask, before, lengths)
    _, _, alone = window(steps[:1, :6], symbols[:1], mask[:1], before[:1])
    torch.testing.assert_close(last, torch.cat([alone, before[1:]]))


def test_it_stays_finite() -> None:
    window, steps, symbols, mask = made(torch.float32)
    own = (1e4 * steps).requires_grad_()
    seen, _, last = window(own, symbols, mask)
    seen.sum().backward()
    assert own.grad is not None
    assert all(torch.isfinite(one).all() for one in (seen, last, own.grad))


def test_it_goes_along_at_the_pace_that_is_given() -> None:
    window = SoftWindow(5, 3, pace=0.25)
    torch.nn.init.zeros_(window.projection.weight)
    text = torch.ones(1, 9, dtype=torch.bool)
    _, weights, last = window(torch.zeros(1, 20, 5), torch.zeros(1, 9, 4), text)
    assert last[0].tolist() == pytest.approx([5.0] * 3)
    assert weights[0].argmax(dim=1).tolist()[3::4] == [1, 2, 3, 4, 5]

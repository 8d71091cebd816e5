"""The mixture density of moves, against its formula, its gradients and what it draws."""

import math

import numpy as np
import pytest
import torch

from recurra.layers.mixture_density import Density, MixtureDensity


def density_of(seed: int, *shape: int, components: int = 3, dtype: torch.dtype = torch.float64) -> Density:
    torch.manual_seed(seed)
    head = MixtureDensity(5, components, 3).to(dtype)
    with torch.no_grad():
        return head(2 * torch.randn(*shape, 5, dtype=dtype))


def reference(density: Density, place: tuple[int, ...], move: np.ndarray) -> float:
    """The density of a move, component by component, with inverted matrices."""
    total = 0.0
    for one in range(density.weights.shape[-1]):
        deviation = density.log_deviation[place][one].exp().numpy()
        covariance = np.diag(deviation**2)
        covariance[0, 1] = covariance[1, 0] = float(density.correlation[place][one]) * deviation.prod()
        apart = move - density.mean[place][one].numpy()
        power = math.exp(-0.5 * apart @ np.linalg.inv(covariance) @ apart)
        share = math.exp(float(density.weights[place][one]))
        total += share * power / math.sqrt(np.linalg.det(2 * np.pi * covariance))
    return -math.log(total)


def test_surprise_is_that_of_the_formula() -> None:
    density = density_of(0, 2, 7)
    moves, states = torch.randn(2, 7, 2, dtype=torch.float64), torch.randint(3, (2, 7))
    move, pen = density.surprise(moves, states)
    for row in range(2):
        for step in range(7):
            expected = reference(density, (row, step), moves[row, step].numpy())
            assert float(move[row, step]) == pytest.approx(expected, rel=1e-9)
            assert float(pen[row, step]) == pytest.approx(
                -float(density.states[row, step, states[row, step]])
            )
    assert density.states.exp().sum(dim=-1).sub(1).abs().max() < 1e-12


def test_it_is_a_density() -> None:
    """It sums up to 1 over the plane."""
    density = density_of(3, 1, components=4)
    line = torch.linspace(-30, 30, 1201, dtype=torch.float64)
    moves = torch.cartesian_prod(line, line)
    wide = Density(*(one.expand(len(moves), *one.shape[1:]) for one in density))
    move, _ = wide.surprise(moves, torch.zeros(len(moves), dtype=torch.long))
    assert float((-move).exp().sum() * 0.05**2) == pytest.approx(1, abs=1e-3)


def test_gradients_are_those_of_finite_differences() -> None:
    torch.manual_seed(1)
    head = MixtureDensity(3, 2, 3).double()
    features = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    moves, states = torch.randn(5, 2, dtype=torch.float64), torch.randint(3, (5,))

    def loss(features: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        named = {"projection.weight": weight, "projection.bias": head.projection.bias}
        density = torch.func.functional_call(head, named, (features,))
        return torch.stack(density.surprise(moves, states)).sum()

    weight = head.projection.weight.detach().requires_grad_()
    assert torch.autograd.gradcheck(loss, (features, weight))
    assert torch.autograd.gradgradcheck(loss, (features, weight))


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_numbers_stay_finite_in_single_precision(size: float) -> None:
    torch.manual_seed(2)
    head = MixtureDensity(5, 20, 3)
    features = (size * torch.randn(64, 5)).requires_grad_()
    moves = 100 * torch.randn(64, 2)
    move, pen = head(features).surprise(moves, torch.randint(3, (64,)))
    (move + pen).sum().backward()
    assert torch.isfinite(move).all()
    assert torch.isfinite(pen).all()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()


def test_deviations_are_bounded_from_below() -> None:
    head = MixtureDensity(5, 3, 3, least_deviation=0.25)
    assert head(-100 * torch.ones(8, 5)).log_deviation.min().exp().item() >= 0.25 - 1e-6


def test_a_deviation_below_the_bound_still_learns() -> None:
    """Its gradient shrinks as its share of the deviation does, and does not end at the bound."""
    head = MixtureDensity(5, 1, 3, least_deviation=0.25).double()
    torch.nn.init.zeros_(head.projection.weight)
    with torch.no_grad():
        head.projection.bias[:] = torch.tensor([0.0, 0, 0, math.log(0.1), 8, 0, 0, 0, 0])
    deviation = head(torch.zeros(1, 5, dtype=torch.float64)).log_deviation.exp()
    highest = 1 / (math.exp(-8) + math.exp(-5))
    below = 1 / (10 + math.exp(-5))
    assert deviation[0, 0].tolist() == pytest.approx([below + 0.25, highest + 0.25])
    deviation.log().sum().backward()
    assert head.projection.bias.grad is not None
    assert (head.projection.bias.grad[3:5] > 0.01).all()


def one_gaussian(weights: list[float], means: list[list[float]], rows: int) -> Density:
    count = len(weights)
    own = Density(
        torch.tensor(weights).log(),
        torch.tensor(means),
        torch.tensor([[0.5, 2.0]]).log().expand(count, 2),
        torch.full((count,), 0.6),
        torch.tensor([0.7, 0.2, 0.1]).log(),
    )
    return Density(*(one.expand(rows, *one.shape) for one in own))


def test_drawn_moves_have_the_moments_of_the_density() -> None:
    density = one_gaussian([1.0], [[3.0, -7.0]], 200_000)
    moves, states = density.draw(torch.Generator().manual_seed(0))
    assert moves.mean(dim=0).tolist() == pytest.approx([3.0, -7.0], abs=0.02)
    expected = [[0.25, 0.6], [0.6, 4.0]]
    np.testing.assert_allclose(np.cov(moves.numpy().T), expected, atol=0.03)
    shares = torch.bincount(states, minlength=3) / len(states)
    assert shares.tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.005)


def test_a_bias_sharpens_weights_and_narrows_deviations() -> None:
    density = one_gaussian([0.75, 0.25], [[100.0, 0.0], [-100.0, 0.0]], 100_000)
    moves, states = density.draw(torch.Generator().manual_seed(0), bias=1.0)
    first = moves[moves[:, 0] > 0]
    assert len(first) / len(moves) == pytest.approx(0.9, abs=0.005)  # 0.75² / (0.75² + 0.25²)
    assert first.std(dim=0).tolist() == pytest.approx([0.5 / math.e, 2 / math.e], rel=0.02)
    assert float((states == 0).float().mean()) == pytest.approx(0.7, abs=0.005)
    assert float(density.draw(bias=50.0)[0][:, 0].min()) == pytest.approx(100, abs=1e-3)


def test_the_same_seed_draws_the_same() -> None:
    density = density_of(5, 11)
    first, second = (density.draw(torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_half_precision_is_left_before_densities() -> None:
    torch.manual_seed(0)
    head, features = MixtureDensity(5, 3, 3), torch.randn(7, 5)
    moves, states = torch.randn(7, 2), torch.randint(3, (7,))
    expected, _ = head(features).surprise(moves, states)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = head(features).surprise(moves, states)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=0.1, rtol=0.05)

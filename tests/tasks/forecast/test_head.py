from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from recurra.errors import ConfigError
from recurra.tasks.forecast.head import HEADS, TRAINED_QUANTILES, Head, make_head

BATCH, HORIZON = 3, 5
PROBABILITIES = (0.001, 0.1, 0.5, 0.77, 0.999)


def given_outputs(head: Head, *, size: float = 1.0, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Raw outputs, centre and scale."""
    random = torch.Generator().manual_seed(seed)
    raw = size * torch.randn(BATCH, HORIZON, head.size, generator=random)
    centre = 10 * torch.randn(BATCH, HORIZON, generator=random)
    return raw, centre, torch.rand(BATCH, 1, generator=random) + 0.5


def parameters_of(head: Head, **settings: Any) -> Tensor:
    return head.parameters(*given_outputs(head, **settings))


def as_weight(scale: Tensor) -> Tensor:
    return (1 / scale).expand(BATCH, HORIZON)


@pytest.mark.parametrize("point", ["median", "mean"])
@pytest.mark.parametrize("name", HEADS)
class TestEveryHead:
    def test_shapes(self, name: str, point: Any):
        head = make_head(name, point)
        raw, centre, scale = given_outputs(head)
        parameters = head.parameters(raw, centre, scale)
        assert parameters.shape == raw.shape
        assert head.loss(parameters, centre.round().abs(), as_weight(scale)).shape == (BATCH, HORIZON)
        assert head.point_forecast(parameters).shape == (BATCH, HORIZON)
        assert head.quantiles(parameters, PROBABILITIES).shape == (BATCH, HORIZON, 5)
        assert head.quantiles(parameters, ()).shape == (BATCH, HORIZON, 0)

    @settings(deadline=None, max_examples=40)
    @given(
        probabilities=st.lists(st.floats(1e-4, 1 - 1e-4), min_size=2, max_size=9),
        size=st.sampled_from([0.0, 1e-3, 1.0, 30.0, 1e4]),
        scale=st.sampled_from([1e-6, 1.0, 1e6]),
        seed=st.integers(0, 99),
    )
    def test_quantiles_never_cross(
        self, name: str, point: Any, probabilities: list[float], size: float, scale: float, seed: int
    ):
        head = make_head(name, point)
        raw, centre, unit = given_outputs(head, size=size, seed=seed)
        values = head.quantiles(head.parameters(raw, centre, scale * unit), sorted(probabilities))
        assert values.isfinite().all()
        assert (values.diff(dim=-1) >= 0).all()

    @pytest.mark.parametrize("size", [1.0, 1e3])
    def test_gradients_are_finite(self, name: str, point: Any, size: float):
        head = make_head(name, point)
        raw, centre, scale = given_outputs(head, size=size)
        raw, centre = raw.requires_grad_(), centre.requires_grad_()
        losses = head.loss(
            head.parameters(raw, centre, scale), centre.detach().round().abs(), as_weight(scale)
        )
        for gradient in torch.autograd.grad(losses.sum(), (raw, centre)):
            assert gradient.isfinite().all()


@pytest.mark.parametrize("name", ["quantile", "student_t"])
@pytest.mark.parametrize("factor", [2.0**-20, 3.0, 2.0**20])
def test_losses_have_no_unit(name: str, factor: float):
    head = make_head(name)
    raw, centre, scale = given_outputs(head)
    target = centre + torch.randn(BATCH, HORIZON)
    loss = head.loss(head.parameters(raw, centre, scale), target, as_weight(scale))
    other = head.parameters(raw, factor * centre, factor * scale)
    torch.testing.assert_close(head.loss(other, factor * target, as_weight(factor * scale)), loss)


def test_an_unknown_head_names_those_there_are():
    with pytest.raises(ConfigError, match="student_t"):
        make_head("gaussian")


class TestQuantileHead:
    @pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
    def test_trained_quantiles_are_met_exactly(self, scale: float):
        head = make_head("quantile")
        raw, centre, unit = given_outputs(head)
        parameters = head.parameters(raw, centre, scale * unit)
        assert torch.equal(head.quantiles(parameters, TRAINED_QUANTILES), parameters)

    def test_levels_of_intervals_are_trained_quantiles(self):
        sides = {side for level in (50, 80, 90, 95) for side in ((100 - level) / 200, (100 + level) / 200)}
        assert sides | {0.5} == set(TRAINED_QUANTILES)

    def test_between_and_beyond_it_is_linear_in_normal_scores(self):
        head = make_head("quantile")
        parameters = torch.from_numpy(stats.norm.ppf(TRAINED_QUANTILES)).float().expand(BATCH, HORIZON, -1)
        values = head.quantiles(parameters, PROBABILITIES)
        expected = torch.from_numpy(stats.norm.ppf(PROBABILITIES)).float()
        torch.testing.assert_close(values, expected.expand(BATCH, HORIZON, -1))

    def test_the_loss_is_twice_the_mean_pinball_loss_and_the_error_of_the_median(self):
        head = make_head("quantile")
        parameters, target = parameters_of(head), 3 * torch.randn(BATCH, HORIZON)
        weight = torch.rand(BATCH, 1).expand(BATCH, HORIZON)
        expected = (target - parameters[..., TRAINED_QUANTILES.index(0.5)]).abs() * weight
        for index, probability in enumerate(TRAINED_QUANTILES):
            over = (target - parameters[..., index]) * weight
            expected = expected + (
                2
                / len(TRAINED_QUANTILES)
                * torch.where(over > 0, probability * over, (probability - 1) * over)
            )
        torch.testing.assert_close(head.loss(parameters, target, weight), expected)

    def test_the_median_is_the_point_forecast(self):
        head = make_head("quantile")
        parameters = parameters_of(head)
        assert torch.equal(head.point_forecast(parameters), head.quantiles(parameters, [0.5])[..., 0])

    def test_the_mean_learns_from_the_squared_error_alone(self):
        head = make_head("quantile", "mean")
        raw, centre, scale = given_outputs(head)
        raw, centre = raw.requires_grad_(), centre.requires_grad_()
        target = torch.randn(BATCH, HORIZON)
        parameters = head.parameters(raw, centre, scale)
        loss = head.loss(parameters, target, as_weight(scale)).sum()
        by_raw, by_centre = torch.autograd.grad(loss, (raw, centre), retain_graph=True)
        squared = ((target - head.point_forecast(parameters)) / scale).square().sum()
        alone_by_raw, alone_by_centre = torch.autograd.grad(squared, (raw, centre))
        torch.testing.assert_close(by_centre, alone_by_centre)
        torch.testing.assert_close(by_raw[..., 0], alone_by_raw[..., 0])
        assert (alone_by_raw[..., 1:] == 0).all()
        assert (by_raw[..., 1:].abs().sum(dim=(0, 1)) > 0).all()

    def test_the_median_learns_from_the_absolute_errors_alone(self):
        head = make_head("quantile")
        raw, centre, scale = given_outputs(head)
        centre = centre.requires_grad_()
        target = torch.randn(BATCH, HORIZON)
        parameters = head.parameters(raw, centre, scale)
        (gradient,) = torch.autograd.grad(head.loss(parameters, target, as_weight(scale)).sum(), centre)
        share = 1 + 1 / len(TRAINED_QUANTILES)  # its own error, and its part in the mean pinball loss
        side = (head.point_forecast(parameters) - target).sign() / scale
        torch.testing.assert_close(gradient, share * side)

    def test_the_mean_may_lie_anywhere_among_the_quantiles(self):
        head = make_head("quantile", "mean")
        raw, centre, scale = given_outputs(head)
        moved = raw.clone()
        moved[..., -1] += 2
        before, after = (head.parameters(one, centre, scale) for one in (raw, moved))
        assert torch.equal(head.point_forecast(before), head.point_forecast(after))
        assert (head.quantiles(after, [0.5]) > head.quantiles(before, [0.5])).all()


class TestStudentTHead:
    def frozen(self, parameters: Tensor) -> Any:
        location, width, freedom = (parameters[..., index].double().numpy() for index in range(3))
        return stats.t(freedom, location, width)

    def test_the_likelihood_is_that_of_scipy(self):
        head = make_head("student_t")
        parameters, target = parameters_of(head), 10 * torch.randn(BATCH, HORIZON)
        scale = torch.full((BATCH, 1), 4.0)
        expected = -self.frozen(parameters).logpdf(target.double().numpy()) - np.log(4.0)
        found = head.loss(parameters, target, as_weight(scale))
        torch.testing.assert_close(found.double(), torch.from_numpy(expected), rtol=1e-5, atol=1e-5)

    def test_quantiles_are_those_of_scipy(self):
        head = make_head("student_t")
        parameters = parameters_of(head)
        values = head.quantiles(parameters, PROBABILITIES).double().numpy()
        for index, probability in enumerate(PROBABILITIES):
            np.testing.assert_allclose(
                values[..., index], self.frozen(parameters).ppf(probability), rtol=1e-5
            )

    def test_variance_exists(self):
        parameters = parameters_of(make_head("student_t"), size=1e4)
        assert (parameters[..., 1] > 0).all()
        assert (parameters[..., 2] > 2).all()


class TestNegativeBinomialHead:
    def frozen(self, parameters: Tensor) -> Any:
        mean, dispersion = (parameters[..., index].double().numpy() for index in range(2))
        return stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))

    def test_the_likelihood_is_that_of_scipy(self):
        head = make_head("negative_binomial")
        parameters, target = parameters_of(head), torch.arange(15.0).view(BATCH, HORIZON)
        expected = -self.frozen(parameters).logpmf(target.numpy())
        found = head.loss(parameters, target, torch.rand(BATCH, HORIZON))
        torch.testing.assert_close(found.double(), torch.from_numpy(expected), rtol=1e-4, atol=1e-4)

    def test_quantiles_are_those_of_scipy_and_whole_numbers(self):
        head = make_head("negative_binomial")
        parameters = parameters_of(head)
        values = head.quantiles(parameters, PROBABILITIES)
        assert torch.equal(values, values.round())
        for index, probability in enumerate(PROBABILITIES):
            np.testing.assert_array_equal(values[..., index], self.frozen(parameters).ppf(probability))

    def test_points_are_mean_and_median(self):
        parameters = parameters_of(make_head("negative_binomial"))
        frozen = self.frozen(parameters)
        mean = make_head("negative_binomial", "mean").point_forecast(parameters)
        np.testing.assert_allclose(mean.numpy(), frozen.mean(), rtol=1e-5)
        median = make_head("negative_binomial").point_forecast(parameters)
        np.testing.assert_array_equal(median.numpy(), frozen.median())

    def test_the_mean_follows_the_centre_where_it_is_large(self):
        head = make_head("negative_binomial", "mean")
        raw, centre, scale = torch.zeros(1, 2, 2), torch.tensor([[40.0, -40.0]]), torch.ones(1, 1)
        mean = head.point_forecast(head.parameters(raw, centre, scale))[0]
        torch.testing.assert_close(mean, torch.tensor([40.0, 0.0]), atol=1e-3, rtol=0)

"""What a forecasting network puts out for each step: quantiles, or the parameters of a distribution.

A head turns `size` raw numbers a step into parameters in the units of the data, and parameters into a loss,
a point forecast, and any quantile. Quantiles never cross: each is the one nearer the centre plus a distance.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from recurra.errors import ConfigError
from recurra.tasks.forecast.distribution import negative_binomial_quantiles, student_t_quantiles

Point = Literal["median", "mean"]
RawOutput = Float[Tensor, "batch horizon size"]
Parameters = Float[Tensor, "batch horizon size"]
Steps = Float[Tensor, "batch horizon"]
PerWindow = Float[Tensor, "batch #horizon"]

_ONE = 0.5413  # whose softplus is 1
_CLOSEST = 0.02  # quantiles, in distances of a normal distribution's
TRAINED_QUANTILES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


class Head(ABC):
    """The last stage of a forecasting network.

    Attributes:
        size: How many raw numbers the network puts out for each step.
        point: Which value stands as the point forecast.
        neutral: Raw numbers that give the centre, with about a normal distribution's spread of one scale.
    """

    size: int
    neutral: tuple[float, ...]
    point: Point

    def neutral_at(self, quantiles: Sequence[float]) -> tuple[float, ...]:
        """Raw numbers that give the centre, and around it `TRAINED_QUANTILES` in scales, where a head can."""
        del quantiles
        return self.neutral

    @abstractmethod
    def parameters(self, raw: RawOutput, centre: Steps, scale: PerWindow) -> Parameters:
        """Parameters in the units of the data, from raw outputs around a centre, in units of a scale."""

    @abstractmethod
    def loss(self, parameters: Parameters, target: Steps, weight: Steps) -> Steps:
        """The loss of each step; `weight` (one over the units of the data) makes it free of units."""

    @abstractmethod
    def point_forecast(self, parameters: Parameters) -> Steps:
        """The point forecast of each step."""

    def followed(self, parameters: Parameters) -> Steps:
        """The point forecast, or what is closest to it of what gradients can be followed from."""
        return self.point_forecast(parameters)

    @abstractmethod
    def quantiles(
        self, parameters: Parameters, probabilities: Sequence[float]
    ) -> Float[Tensor, "batch horizon quantiles"]:
        """The values that the target stays below with the given probabilities."""


class QuantileHead(Head):
    """Nine quantiles, trained by the pinball loss; those between them are interpolated in normal scores.

    The centre is the point forecast, trained by its own loss alone: the absolute error for the median, the
    squared error for the mean. The quantiles stand around it and do not pull at it.

    Source: Koenker and Bassett, "Regression quantiles" (1978).
    """

    def __init__(self, point: Point = "median") -> None:
        self.point = point
        self.middle = TRAINED_QUANTILES.index(0.5)
        self.size = len(TRAINED_QUANTILES) + (point == "mean")
        self.neutral = (0.0, *[_ONE] * (len(TRAINED_QUANTILES) - 1), *[0.0] * (point == "mean"))
        scores = torch.special.ndtri(torch.tensor(TRAINED_QUANTILES, dtype=torch.float64))
        self.scores = scores.float()
        self.gaps = scores.diff().float()

    def neutral_at(self, quantiles: Sequence[float]) -> tuple[float, ...]:
        """Distances of those quantiles from their middle; a mean has the middle beside it."""
        wanted = torch.tensor(quantiles, dtype=torch.float64).diff() / self.gaps.double()
        distances = wanted.clamp(min=_CLOSEST).expm1().log()
        middle = [quantiles[self.middle]] * (self.point == "mean")
        return (0.0, *distances.tolist(), *middle)

    def parameters(self, raw: RawOutput, centre: Steps, scale: PerWindow) -> Parameters:
        """The nine quantiles, then the mean where that is the point forecast."""
        scale = scale.unsqueeze(-1)
        centre = centre.unsqueeze(-1) + scale * raw[..., :1]
        middle = centre.detach()
        if self.point == "mean":
            middle = middle + scale * raw[..., -1:]
        distances = scale * F.softplus(raw[..., 1 : len(TRAINED_QUANTILES)]) * self.gaps.to(raw)
        below, above = distances[..., : self.middle], distances[..., self.middle :]
        lower = middle - below.flip(-1).cumsum(-1).flip(-1)
        upper = middle + above.cumsum(-1)
        if self.point == "mean":
            return torch.cat([lower, middle, upper, centre], dim=-1)
        return torch.cat([lower, centre, upper], dim=-1)

    def loss(self, parameters: Parameters, target: Steps, weight: Steps) -> Steps:
        """Twice the mean pinball loss of the quantiles, plus the error of the point forecast.

        The point forecast's is absolute for the median and squared for the mean.
        """
        probabilities = torch.tensor(TRAINED_QUANTILES).to(parameters)
        error = (target.unsqueeze(-1) - parameters[..., : len(TRAINED_QUANTILES)]) * weight.unsqueeze(-1)
        pinball: Tensor = 2 * torch.maximum(probabilities * error, (probabilities - 1) * error).mean(-1)
        off = (target - self.point_forecast(parameters)) * weight
        return pinball + (off.square() if self.point == "mean" else off.abs())

    def point_forecast(self, parameters: Parameters) -> Steps:
        """The median, or the mean."""
        return parameters[..., -1] if self.point == "mean" else parameters[..., self.middle]

    def quantiles(
        self, parameters: Parameters, probabilities: Sequence[float]
    ) -> Float[Tensor, "batch horizon quantiles"]:
        """Linear in normal scores between the trained quantiles, and beyond the outermost two."""
        wanted = torch.special.ndtri(torch.tensor(list(probabilities), dtype=torch.float64)).float()
        right = torch.searchsorted(self.scores, wanted).clamp(1, len(TRAINED_QUANTILES) - 1)
        left = right - 1
        share = (wanted - self.scores[left]) / (self.scores[right] - self.scores[left])
        exact = parameters.detach().cpu().double()  # so that rounding neither crosses nor misses a quantile
        return torch.lerp(exact[..., left], exact[..., right], share.double()).to(parameters)


class StudentTHead(Head):
    """Student's t distribution: location, scale and degrees of freedom, trained by the likelihood.

    Source: Alexandrov and others, "GluonTS: probabilistic and neural time series modeling in Python" (2020).
    """

    size = 3
    neutral = (0.0, 0.3, 3.0)

    def __init__(self, point: Point = "median") -> None:
        self.point = point

    def parameters(self, raw: RawOutput, centre: Steps, scale: PerWindow) -> Parameters:
        """Location, scale (above 0), degrees of freedom (above 2, so that the variance is finite)."""
        location = centre + scale * raw[..., 0]
        width = scale * (F.softplus(raw[..., 1]) + 1e-4)
        return torch.stack([location, width, 2.01 + F.softplus(raw[..., 2])], dim=-1)

    def loss(self, parameters: Parameters, target: Steps, weight: Steps) -> Steps:
        """The negative log-likelihood, in nats, of the target in units of one over `weight`."""
        location, width, freedom = parameters.unbind(-1)
        distribution = torch.distributions.StudentT(freedom, location, width, validate_args=False)
        likelihood: Tensor = distribution.log_prob(target)  # type: ignore[no-untyped-call]
        return -likelihood + weight.log()

    def point_forecast(self, parameters: Parameters) -> Steps:
        """The location, which is median and mean alike."""
        return parameters[..., 0]

    def quantiles(
        self, parameters: Parameters, probabilities: Sequence[float]
    ) -> Float[Tensor, "batch horizon quantiles"]:
        """Exact quantiles."""
        exact = parameters.detach().cpu().double().numpy()
        values = student_t_quantiles(exact, probabilities)
        return torch.from_numpy(values).to(parameters)


class NegativeBinomialHead(Head):
    """The negative binomial distribution for counts: mean and dispersion, trained by the likelihood.

    Source: Salinas, Flunkert and Gasthaus, "DeepAR" (2017).
    """

    size = 2
    neutral = (0.0, 0.0)

    def __init__(self, point: Point = "median") -> None:
        self.point = point

    def parameters(self, raw: RawOutput, centre: Steps, scale: PerWindow) -> Parameters:
        """Mean (above 0) and dispersion (above 0; the variance is mean + dispersion * mean squared)."""
        mean = scale * F.softplus((centre / scale + raw[..., 0]) * 4) / 4 + 1e-6
        return torch.stack([mean, F.softplus(raw[..., 1]) + 1e-4], dim=-1)

    def loss(self, parameters: Parameters, target: Steps, weight: Steps) -> Steps:  # noqa: ARG002
        """The negative log-likelihood in nats; counts have no other unit, so `weight` plays no part."""
        mean, dispersion = parameters.unbind(-1)
        count = 1 / dispersion
        likelihood: Tensor = (
            torch.lgamma(target + count)
            - torch.lgamma(count)
            - torch.lgamma(target + 1)
            - count * torch.log1p(mean * dispersion)
            + target * (torch.log(mean) - torch.log(count + mean))
        )
        return -likelihood

    def point_forecast(self, parameters: Parameters) -> Steps:
        """The mean, or the exact median."""
        if self.point == "mean":
            return parameters[..., 0]
        return self.quantiles(parameters, [0.5])[..., 0]

    def followed(self, parameters: Parameters) -> Steps:
        """The mean: the median is a whole number, which moves in leaps."""
        return parameters[..., 0]

    def quantiles(
        self, parameters: Parameters, probabilities: Sequence[float]
    ) -> Float[Tensor, "batch horizon quantiles"]:
        """Exact quantiles: whole numbers."""
        exact = parameters.detach().cpu().double().numpy()
        values = negative_binomial_quantiles(exact, probabilities)
        return torch.from_numpy(values).to(parameters)


HEADS: dict[str, type[QuantileHead] | type[StudentTHead] | type[NegativeBinomialHead]] = {
    "quantile": QuantileHead,
    "student_t": StudentTHead,
    "negative_binomial": NegativeBinomialHead,
}


def make_head(name: str, point: Literal["auto", "median", "mean"] = "median") -> Head:
    """Make a head by its name; an automatic point that no data have settled is the median.

    Raises:
        ConfigError: There is no head of that name.
    """
    if name not in HEADS:
        raise ConfigError(f"head is {name!r}", f"one of {', '.join(HEADS)}", "Choose one of these.")
    return HEADS[name]("median" if point == "auto" else point)

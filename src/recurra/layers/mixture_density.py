"""Where a pen goes next, as a mixture of Gaussians over the plane, and what it does there."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.layers.soft_window import LARGEST, at_least_single, at_most

_MOST_CORRELATED = 0.999  # beyond it, a Gaussian is a line
_PLANE = 6  # numbers of a component: its weight, two means, two deviations, a correlation
_LOG_TWO_PI = math.log(2 * math.pi)


class Density(NamedTuple):
    """What is expected of the next move.

    Attributes:
        weights: (..., components) log probabilities.
        mean: (..., components, 2).
        log_deviation: (..., components, 2).
        correlation: (..., components).
        states: (..., states) log probabilities of what the pen does.
    """

    weights: Tensor
    mean: Tensor
    log_deviation: Tensor
    correlation: Tensor
    states: Tensor

    def surprise(
        self, moves: Float[Tensor, "... 2"], states: Int[Tensor, "..."]
    ) -> tuple[Float[Tensor, "..."], Float[Tensor, "..."]]:
        """The negative log density of moves, and the negative log probability of states, in nats."""
        apart = (moves.unsqueeze(-2) - self.mean) * torch.exp(-self.log_deviation)
        x, y = apart.unbind(dim=-1)
        left = 1 - self.correlation.square()
        distance = (x.square() + y.square() - 2 * self.correlation * x * y) / left
        scale = self.log_deviation.sum(dim=-1) + 0.5 * torch.log(left) + _LOG_TWO_PI
        move = -torch.logsumexp(self.weights - 0.5 * distance - scale, dim=-1)
        return move, -self.states.gather(-1, states.unsqueeze(-1)).squeeze(-1)

    def draw(
        self, generator: torch.Generator | None = None, bias: float = 0.0
    ) -> tuple[Float[Tensor, "... 2"], Int[Tensor, "..."]]:
        """A move and a state of each, at random.

        Args:
            generator: Where the randomness comes from, on the CPU.
            bias: The larger, the likelier is what is drawn: weights are sharpened by 1 + bias and deviations
                divided by exp(bias), as in Graves (2013), section 5.4. States are left alone.
        """
        weights = torch.softmax(self.weights * (1 + bias), dim=-1)
        shape = weights.shape[:-1]
        chosen = _chosen(weights, generator).unsqueeze(-1)
        correlation = self.correlation.gather(-1, chosen).squeeze(-1)
        wide = chosen.unsqueeze(-1).expand(*shape, 1, 2)
        mean, deviation = (
            one.gather(-2, wide).squeeze(-2) for one in (self.mean, torch.exp(self.log_deviation - bias))
        )
        noise = torch.randn(*shape, 2, generator=generator, dtype=mean.dtype).to(mean.device)
        x, y = noise.unbind(dim=-1)
        turned = correlation * x + torch.sqrt(1 - correlation.square()) * y
        moves = mean + deviation * torch.stack([x, turned], dim=-1)
        return moves, _chosen(self.states.exp(), generator)


class MixtureDensity(nn.Module):
    """From features to a `Density`: a bivariate Gaussian of each component, and the states of a pen.

    p(x, s) = softmax(p)_s Σ_k softmax(w)_k N(x; μ_k, Σ_k), where Σ_k has deviations exp(d_k) + least, and
    the correlation tanh(r_k).

    Departures from the source: deviations are bounded from below, since a density can be raised without end
    where the same move comes again and again, d_k from above by `at_most`, and the pen has any number of
    states. Densities are taken in
    single precision at least, also under autocast.

    Args:
        input_size: Features.
        components: Gaussians.
        states: What a pen can do.
        least_deviation: The smallest deviation of a Gaussian.

    Source: Bishop, "Mixture density networks" (1994); Graves, "Generating sequences with recurrent neural
    networks" (2013), section 4.1.
    """

    def __init__(
        self, input_size: int, components: int = 20, states: int = 3, least_deviation: float = 0.01
    ) -> None:
        super().__init__()
        self.components, self.states = components, states
        self.projection = nn.Linear(input_size, _PLANE * components + states)
        self._least = math.log(least_deviation)

    def forward(self, features: Float[Tensor, "... features"]) -> Density:
        """What is expected after each step."""
        numbers = at_least_single(self.projection(features))
        plane, pen = torch.split(numbers, [_PLANE * self.components, self.states], dim=-1)
        own = torch.unflatten(plane, -1, (self.components, _PLANE))
        return Density(
            torch.log_softmax(own[..., 0], dim=-1),
            own[..., 1:3],
            self._least + F.softplus(at_most(own[..., 3:5], LARGEST) - self._least),
            _MOST_CORRELATED * torch.tanh(own[..., 5]),
            torch.log_softmax(pen, dim=-1),
        )


def _chosen(shares: Tensor, generator: torch.Generator | None) -> Tensor:
    """A number at random by its share, drawn on the CPU, so that it is the same everywhere."""
    rows = shares.reshape(-1, shares.shape[-1]).cpu()
    chosen = torch.multinomial(rows, 1, generator=generator)
    return chosen.reshape(shares.shape[:-1]).to(shares.device)

"""A window that goes along a text: Gaussians over its symbols that only move on."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from recurra.layers.attention import masked_softmax
from recurra.types import valid_steps

LARGEST = 5.0  # of what goes into an exponential


class SoftWindow(nn.Module):
    """Which symbols of a text each step looks at.

    (a, b, k) = W h_t,  κ_t = κ_{t-1} + exp(k)
    φ(t, u) ∝ Σ exp(a) exp(-exp(b) (κ_t - u)²),  w_t = Σ_u φ(t, u) c_u

    Departure from the source: φ sums up to 1 over the text, so that a window cannot vanish before it has
    learnt where to look; and at first it goes along a text at a pace that is given.

    Steps of κ depend on h alone, so that those of all h are known at once. Exponents are bounded from above
    by `at_most`.

    Args:
        input_size: Features of a step.
        components: Gaussians.
        pace: Symbols a step at first.

    Source: Graves, "Generating sequences with recurrent neural networks" (2013), section 5.1.
    """

    def __init__(self, input_size: int, components: int = 8, pace: float = 0.1) -> None:
        super().__init__()
        self.components = components
        self.projection = nn.Linear(input_size, 3 * components)
        bounded = 1 / pace - math.exp(-LARGEST)  # what `at_most` makes the pace of
        nn.init.constant_(self.projection.bias[2 * components :], -math.log(max(bounded, math.exp(-LARGEST))))

    def forward(
        self,
        steps: Float[Tensor, "batch time features"],
        symbols: Float[Tensor, "batch symbols size"],
        mask: Bool[Tensor, "batch symbols"],
        before: Float[Tensor, "batch components"] | None = None,
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What each step sees, the weights (batch, time, symbols), and κ (batch, components) after the last.

        Args:
            steps: What asks.
            symbols: What is looked at.
            mask: Which of them there are.
            before: κ before the first step; None: 0.
            lengths: Steps of each row, after which κ stays; None: all.
        """
        numbers = at_most(at_least_single(self.projection(steps)), LARGEST)
        height, width, ahead = torch.split(numbers, self.components, dim=-1)
        moved = torch.exp(ahead)
        if lengths is not None:
            moved = moved.masked_fill(~valid_steps(lengths, steps.shape[1]).unsqueeze(-1), 0)
        places = torch.cumsum(moved, dim=1)
        if before is not None:
            places = places + before.unsqueeze(1)
        symbols = symbols.to(places.dtype)
        apart = (places.unsqueeze(-1) - torch.arange(symbols.shape[1], device=steps.device)).square()
        scores = torch.logsumexp(height.unsqueeze(-1) - torch.exp(width).unsqueeze(-1) * apart, dim=2)
        weights = masked_softmax(scores, mask.unsqueeze(1))
        return weights @ symbols, weights, places[:, -1]


def at_most(numbers: Tensor, largest: float) -> Tensor:
    """-log(exp(-x) + exp(-largest)): x where it is far below, and never above, with a gradient everywhere."""
    return largest - F.softplus(largest - numbers)


def at_least_single(numbers: Tensor) -> Tensor:
    """The same in single precision, where they are in half of it."""
    return numbers.float() if numbers.dtype in (torch.float16, torch.bfloat16) else numbers

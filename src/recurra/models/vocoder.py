"""A recurrence that writes a waveform: a sample of every band at a step, by those before and by frames."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.types import Lengths

LEAST = -7.0
"""Logarithm of the smallest deviation, a band's own being 1: what digital silence would have is infinite."""


class Drawn(NamedTuple):
    """Of what samples are drawn.

    Attributes:
        mean: (batch, steps, bands).
        log_deviation: (batch, steps, bands).
    """

    mean: Tensor
    log_deviation: Tensor


class Vocoder(nn.Module):
    """Each step draws a sample of every band from a normal distribution of its own.

    h_t = recurrence([y_{t-H}, ..., y_{t-1}; c_t], h_{t-1}),  μ_t, log σ_t = head(h_t),
    y_t ~ N(μ_t + A [y_{t-H}, ..., y_{t-1}], σ_t²)

    c_t are conditions, some numbers for each of the steps of a frame, that two linear layers make of the
    frames around it. A is a linear prediction that holds everywhere; the recurrence says what it misses.

    Args:
        features: Numbers that a frame and its neighbours have together.
        steps: Steps of a frame.
        bands: Samples of a step.
        history: Steps before that are read, H.
        condition_size: Numbers of c.
        recurrence: The recurrent layers, in one direction.

    Source: Kalchbrenner and others, "Efficient neural audio synthesis" (2018), the recurrence; Ping, Peng &
    Chen, "ClariNet" (2018), normal distributions; Valin & Skoglund, "LPCNet" (2019), linear prediction.
    """

    def __init__(
        self,
        features: int,
        steps: int,
        bands: int,
        recurrence: Recurrence,
        *,
        history: int = 8,
        condition_size: int = 32,
    ) -> None:
        super().__init__()
        own = recurrence.model_copy(update={"bidirectional": False})
        size = recurrence.hidden_size
        self.steps, self.bands, self.history = steps, bands, history
        self.condition = nn.Sequential(
            nn.Linear(features, size), nn.ReLU(), nn.Linear(size, steps * condition_size)
        )
        self.stack = make_stack(bands * history + condition_size, own)
        self.head = nn.Sequential(
            nn.Linear(self.stack.output_size, size), nn.ReLU(), nn.Linear(size, 2 * bands)
        )
        self.direct = nn.Linear(bands * history, bands, bias=False)
        nn.init.zeros_(self.direct.weight)

    def forward(
        self,
        frames: Float[Tensor, "batch time features"],
        samples: Float[Tensor, "batch steps bands"],
        state: Any = None,
        lengths: Lengths | None = None,
    ) -> tuple[Drawn, Any]:
        """The distributions of all samples, each by the true ones before it.

        Args:
            frames: Those of a frame and its neighbours, for each.
            samples: What should be written.
            state: After the frames before; None at the beginning.
            lengths: Frames of each row; what is said behind its last one means nothing.
        """
        rows = len(frames)
        before, inner = state or (samples.new_zeros(rows, self.history, self.bands), None)
        both = torch.cat([before, samples], dim=1)
        past = both[:, :-1].unfold(1, self.history, 1).transpose(2, 3).flatten(2)
        conditions = self.condition(frames).reshape(rows, samples.shape[1], -1)
        steps = None if lengths is None else lengths * self.steps
        outputs, inner = self.stack(torch.cat([past, conditions], dim=-1), inner, lengths=steps)
        mean, spread = self.head(outputs).chunk(2, dim=-1)
        return Drawn(mean + self.direct(past), spread.clamp(min=LEAST)), (both[:, -self.history :], inner)

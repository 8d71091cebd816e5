"""The net that expects the next value of a series, and how sure it is of it."""

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recurra.data.labelled import Labelled
from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.tasks.detect.watch import SMALLEST_SCALE
from recurra.training.contract import Loss


class SurpriseNetwork(nn.Module):
    """After each value and its change: the change that comes next, and the spread of a Laplace around it.

    Args:
        recurrence: The stack that reads.
    """

    def __init__(self, recurrence: Recurrence) -> None:
        super().__init__()
        self.encoder = make_stack(2, recurrence)
        self.output = nn.Linear(self.encoder.output_size, 2)
        with torch.no_grad():  # the first expectation is the last value
            self.output.weight.mul_(0.1)
            nn.init.zeros_(self.output.bias)

    def forward(self, steps: Float[Tensor, "batch time 2"], lengths: Tensor) -> Float[Tensor, "batch time 2"]:
        """Map values and changes to the next change and to how sure it is, before a softplus."""
        outputs, _ = self.encoder(steps, lengths=lengths)
        told: Tensor = self.output(outputs)
        return told

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a step runs through."""
        return [self.encoder, self.output]


def laplace_loss(model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
    """The summed negative log likelihood of the changes; those that are NaN do not count."""
    del state
    told = cast("SurpriseNetwork", model)(batch.sequences.values, batch.sequences.lengths).float()
    counts = batch.sequences.mask() & ~batch.target.isnan()
    change, doubt = told[..., 0], F.softplus(told[..., 1]) + SMALLEST_SCALE
    away = (batch.target.nan_to_num() - change).abs() / doubt + doubt.log()
    return Loss(away.masked_fill(~counts, 0).sum(), counts.sum())

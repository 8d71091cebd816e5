"""The gradient of the mean loss: gathered over chunks, normalised, measured, clipped, checked."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from recurra.errors import ConfigError, NonFiniteError, RecurraError
from recurra.training.contract import Loss


class Gathered:
    """What the chunks since the last optimiser step have added up to; their gradients are in the parameters.

    Attributes:
        chunks: How many chunks.
    """

    def __init__(self, device: torch.device) -> None:
        self._total = torch.zeros((), device=device)
        self._count: Tensor | float = 0.0
        self.chunks = 0

    def add(self, loss: Loss) -> None:
        """Take in the loss of a chunk."""
        total = loss.total.detach()
        self._total = self._total + (total.float() if total.dtype.itemsize < 4 else total)
        self._count = self._count + loss.count

    def totals(self, *, stop: bool) -> Float[Tensor, "3"]:
        """Summed loss, number of valid steps, and whether this process wants to stop; shape (3,)."""
        count = self._count if isinstance(self._count, Tensor) else self._total.new_full((), self._count)
        return torch.stack([self._total, count, self._total.new_full((), float(stop))])


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one optimiser step knows of its loss and gradient.

    Attributes:
        total: Sum of the loss over valid steps.
        count: Number of valid steps.
        stop: Whether some process wants to stop.
        norm: Norm of the gradient of the mean loss, before clipping.
        largest: Largest absolute value in it; 0 where nobody asked.
    """

    total: float
    count: float
    stop: bool
    norm: float
    largest: float

    @property
    def finite(self) -> bool:
        """Whether loss and gradient are numbers."""
        return math.isfinite(self.total) and math.isfinite(self.norm)


def gradients_of(parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    """The gradients there are."""
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def measure(totals: Float[Tensor, "3"], gradients: list[Tensor], *, largest: bool) -> Measurement:
    """Read totals and gradient norm; the only place in a step that waits for the device.

    Args:
        totals: What `Gathered.totals` gave, summed over processes.
        gradients: Of the summed loss.
        largest: Whether to look for the largest absolute value as well.
    """
    values = [*totals.unbind(), get_total_norm(gradients).to(totals.device)]
    if largest and gradients:
        values.append(get_total_norm(gradients, math.inf))
    total, count, stop, norm, *rest = torch.stack(values).tolist()
    divisor = count or 1.0
    return Measurement(total, count, stop > 0, norm / divisor, (rest[0] if rest else 0.0) / divisor)


def normalise_and_clip(
    gradients: list[Tensor], measured: Measurement, clip_norm: float | None, clip_value: float | None
) -> bool:
    """Turn the summed loss' gradient into the mean loss', in place, and clip it: by norm, then by value.

    Returns:
        Whether anything was clipped.
    """
    factor = 1.0 / measured.count
    too_long = clip_norm is not None and measured.norm > clip_norm
    if clip_norm is not None and too_long:
        factor *= clip_norm / measured.norm
    torch._foreach_mul_(gradients, factor)
    if clip_value is None:
        return too_long
    torch._foreach_clamp_min_(gradients, -clip_value)
    torch._foreach_clamp_max_(gradients, clip_value)
    return too_long or measured.largest > clip_value


@torch.no_grad()
def update_ratio(before: list[Tensor], parameters: list[nn.Parameter]) -> Tensor:
    """The length of an update of the weights in relation to theirs before it; a scalar on their device."""
    moved = torch._foreach_sub([one.detach() for one in parameters], before)
    return get_total_norm(moved) / get_total_norm(before)


def unusable(measured: Measurement, model: nn.Module, place: str, remedy: str) -> RecurraError:
    """The error for a loss or a gradient that is no number, or for a gradient that is not there.

    Args:
        measured: Loss and gradient.
        model: Whose gradients they are.
        place: Where training is: "epoch 2, step 120".
        remedy: What to try against numbers that are not finite.
    """
    if not math.isfinite(measured.total):
        return NonFiniteError(f"the loss is {measured.total} at {place}", "a finite number", remedy)
    if not math.isfinite(measured.norm):
        worst = _worst(model)
        return NonFiniteError(f"the gradient of {worst} is not finite at {place}", "finite numbers", remedy)
    return ConfigError(
        "no parameter received a gradient",
        "a loss that depends on a trainable parameter",
        "Check that the objective does not detach the loss, and that some parameter requires a gradient.",
    )


def _worst(model: nn.Module) -> str:
    """The first parameter whose gradient is not finite; if only their norm together is not, the largest."""
    norms = {
        name: float(value.grad.norm()) for name, value in model.named_parameters() if value.grad is not None
    }
    for name, norm in norms.items():
        if not math.isfinite(norm):
            return name
    return max(norms, key=lambda name: norms[name])

"""What the network sees of a window: scaled values, seasonal lags, calendar, covariates, character.

The history and the horizon are cut into patches of a few steps (a day of hours, say), so that the recurrence
takes one step a patch: shorter paths for the gradient, and less time.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from recurra.tasks.forecast.scaling import WindowScale

_LARGEST = 20.0  # scaled inputs are clipped here: a flat history makes any change look enormous


class Scaled(NamedTuple):
    """A window's history in units of its scale.

    Attributes:
        values: The history, centred and divided by its unit, `(batch, context)`.
        centre: What the forecast is measured from, `(batch, 1)`, in the units of the data.
    """

    values: Float[Tensor, "batch context"]
    centre: Float[Tensor, "batch 1"]


def scale_history(
    values: Float[Tensor, "batch context"], scale: WindowScale, *, centre: str, unit: Float[Tensor, "batch 1"]
) -> Scaled:
    """Express a filled history relative to its mean or its last value, in a unit."""
    middle = values[:, -1:] if centre == "last" else scale.location
    return Scaled(((values - middle) / unit).clamp(-_LARGEST, _LARGEST), middle)


def lagged(
    values: Float[Tensor, "batch context"], lags: tuple[int, ...], horizon: int, season: int
) -> Float[Tensor, "batch horizon lags"]:
    """The values a number of steps before each step of the horizon.

    Where that step lies in the horizon itself, the same phase of the latest season known stands for it.
    """
    context = values.shape[1]
    positions = []
    for lag in lags:
        position = torch.arange(context - lag, context - lag + horizon, device=values.device)
        seasons_ahead = torch.div(position - context + season, season, rounding_mode="floor").clamp(min=0)
        positions.append((position - seasons_ahead * season).clamp(min=0))
    return values[:, torch.stack(positions, dim=-1)]


def character(scale: WindowScale) -> Float[Tensor, "batch 2"]:
    """Numbers that tell one kind of history from another: how wide, and how regular."""
    width = (scale.spread / scale.magnitude).log()
    regularity = (scale.seasonal_error / scale.spread).log()
    return torch.cat([width, regularity], dim=1).clamp(-_LARGEST, _LARGEST)


def patches(
    steps: Float[Tensor, "batch time features"], patch: int
) -> Float[Tensor, "batch patches patch_features"]:
    """Cut time into patches, each the concatenation of its steps; the last is filled with zeros."""
    steps = F.pad(steps, (0, 0, 0, -steps.shape[1] % patch))
    return steps.reshape(steps.shape[0], steps.shape[1] // patch, patch * steps.shape[2])


def beside(
    steps: Float[Tensor, "batch time features"], static: Float[Tensor, "batch static"]
) -> Float[Tensor, "batch time all"]:
    """Put features that do not change with time beside every step."""
    return torch.cat([steps, static.unsqueeze(1).expand(-1, steps.shape[1], -1)], dim=-1)

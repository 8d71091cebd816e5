"""What the network sees of a window: its scale, scaled values, lags, calendar, categories, character.

Every window is seen relative to its own level and spread. Nothing of that is learnt, so nothing can leak from
the future: a window's scale comes from its history alone.

The history and the horizon are cut into patches of a few steps (a day of hours, say), so that the recurrence
takes one step a patch: shorter paths for the gradient, and less time.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

History = Float[Tensor, "batch context"]
Observed = Bool[Tensor, "batch context"]
PerWindow = Float[Tensor, "batch 1"]

_SMALLEST_SHARE = 1e-4  # of a spread, as a share of the mean magnitude
_LARGEST = 20.0  # scaled inputs are clipped here: a flat history makes any change look enormous


class WindowScale(NamedTuple):
    """Level, spread and character of each window's history.

    Attributes:
        location: Mean of the recent history, in the units of the data.
        spread: Standard deviation of the recent history, in the units of the data, always above 0.
        magnitude: Mean absolute value of the recent history, in the units of the data, always above 0.
        seasonal_error: Mean absolute difference from one season to the next, always above 0.
    """

    location: PerWindow
    spread: PerWindow
    magnitude: PerWindow
    seasonal_error: PerWindow


def fill_missing(values: History, observed: Observed, season: int) -> History:
    """Replace missing values by the latest observed one of the same phase of the season.

    Where no value of the phase was observed before, the mean of the observed history stands; an empty history
    is all zeros.
    """
    if bool(observed.all()):
        return values
    batch, context = values.shape
    missing_in_front = -context % season
    phases = _pad_front(observed, missing_in_front).view(batch, -1, season)
    seasons = torch.arange(phases.shape[1], device=values.device).view(1, -1, 1)
    latest = torch.where(phases, seasons, -1).cummax(dim=1).values
    by_phase = _pad_front(values, missing_in_front).view(batch, -1, season)
    filled = by_phase.gather(1, latest.clamp(min=0))
    mean = _mean(values, observed)
    filled = torch.where(latest >= 0, filled, mean.unsqueeze(-1))
    return filled.view(batch, -1)[:, missing_in_front:]


def window_scale(
    values: History, observed: Observed, *, span: int, season: int, smallest: Tensor
) -> WindowScale:
    """Measure the level and spread of each window.

    Losses are divided by the spread, so one that is far too small would make its window outweigh all others.
    A few values tell little of it: with n of them, 1 / 2^(n - 1) of the magnitude is added (in squares), and
    the same with n pairs of seasons. A history that does not change at all tells nothing: `smallest` stands.

    Args:
        values: The history, missing values filled.
        observed: Which values were observed; the others do not count.
        span: How many of the last steps count.
        season: Length of a season, in steps.
        smallest: The smallest spread and magnitude to give, above 0, in the units of the data; a scalar.
    """
    recent, known = values[:, -span:], observed[:, -span:]
    counted = known | ~known.any(dim=1, keepdim=True)  # of a silent recent past, the filled values must do
    location = _mean(recent, counted)
    magnitude = _mean(recent.abs(), counted)
    unit = magnitude.maximum(smallest)  # squares of numbers in it neither overflow nor vanish
    deviation = _mean(((recent - location) / unit).square(), counted).sqrt() * unit
    doubt = magnitude * torch.exp2(1.0 - known.sum(dim=1, keepdim=True))
    floor = _SMALLEST_SHARE * magnitude
    spread = (torch.hypot(deviation, doubt) + floor).maximum(smallest)
    seasonal_error = spread
    if values.shape[1] > season:
        change = (values[:, season:] - values[:, :-season]).abs()
        both = observed[:, season:] & observed[:, :-season]
        doubt = magnitude * torch.exp2(1.0 - both.sum(dim=1, keepdim=True))
        seasonal_error = (torch.hypot(_mean(change, both), doubt) + floor).maximum(smallest)
        seasonal_error = torch.where(both.any(dim=1, keepdim=True), seasonal_error, spread)
    return WindowScale(location, spread, unit, seasonal_error)


def _mean(values: Float[Tensor, "batch time"], counted: Bool[Tensor, "batch time"]) -> PerWindow:
    total = torch.where(counted, values, 0).sum(dim=1, keepdim=True)
    return total / counted.sum(dim=1, keepdim=True).clamp(min=1)


def _pad_front(rows: Tensor, steps: int) -> Tensor:
    return torch.cat([rows.new_zeros(rows.shape[0], steps), rows], dim=1)


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


class Embeddings(nn.Module):
    """One table of learnt numbers for each of several categorical covariates, their rows side by side.

    Args:
        counts: For each covariate, how many codes it has; code 0 stands for missing and unknown values, and
            begins as zeros, the middle of the others.
    """

    def __init__(self, counts: tuple[int, ...]) -> None:
        super().__init__()
        tables = [nn.Embedding(count, embedding_size(count)) for count in counts]
        for table in tables:
            nn.init.normal_(table.weight, std=0.1)
            nn.init.zeros_(table.weight[0].detach())
        self.tables = nn.ModuleList(tables)
        self.output_size = sum(embedding_size(count) for count in counts)

    def forward(self, codes: Int[Tensor, "*steps covariates"]) -> Float[Tensor, "*steps features"]:
        """Map codes `(..., covariates)` to `(..., output_size)`."""
        if not self.tables:
            return codes.new_zeros((*codes.shape[:-1], 0), dtype=torch.float32)
        return torch.cat([table(codes[..., index]) for index, table in enumerate(self.tables)], dim=-1)


def embedding_size(count: int) -> int:
    """How many numbers stand for one of `count` categories."""
    return min(16, max(2, round(1.6 * math.sqrt(count))))

"""The scale of a window: every window is seen relative to its own level and spread.

Nothing here is learnt, so nothing can leak from the future: a window's scale comes from its history alone.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

History = Float[Tensor, "batch context"]
Observed = Bool[Tensor, "batch context"]
PerWindow = Float[Tensor, "batch 1"]

_SMALLEST_SHARE = 1e-4  # of a spread, as a share of the mean magnitude


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

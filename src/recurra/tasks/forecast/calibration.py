"""What the validation part says after training: how far to trust the net, and how wide intervals have to be.

Both are drawn towards no change where the part holds few windows that do not overlap, since a few cannot tell
luck from skill.
"""

from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import nn

from recurra.experiment.task import Prepared
from recurra.inputs.series.origin import windows_apart
from recurra.tasks.forecast.head import NegativeBinomialHead
from recurra.tasks.forecast.network import ForecastNetwork
from recurra.tasks.forecast.objective import Validation
from recurra.tasks.forecast.streaming_network import Network

LEVEL = 0.8
"""The interval that is made to hold what it says; the others are stretched alike."""

_DOUBT = 4.0  # windows; with so many apart from each other, half of what they say is believed
_NARROWEST, _WIDEST = 0.7, 3.0
_SHARES = np.linspace(0, 1, 11)

Steps = Float[np.ndarray, "windows horizon"]


class Forecasts(NamedTuple):
    """Forecasts of the validation part.

    Attributes:
        base: What they begin from; the point forecast itself where there is no base.
        point: The point forecasts.
        middle: The medians.
        low, high: The interval of `LEVEL`.
        truth: What came, NaN where nothing is known.
        unit: What errors of a window are measured in.
    """

    base: Steps
    point: Steps
    middle: Steps
    low: Steps
    high: Steps
    truth: Steps
    unit: Float[np.ndarray, "windows 1"]


def calibrate(model: nn.Module, prepared: Prepared) -> None:
    """Settle the share of the net and the width of its intervals, where there is a validation part.

    Counts are left as they are, since their quantiles are whole numbers.
    """
    network, validation = cast("Network", model), cast("Validation | None", prepared.validate)
    if validation is None or isinstance(network.head, NegativeBinomialHead):
        return
    apart = windows_apart(validation.origins, validation.horizon)
    if isinstance(network, ForecastNetwork) and len(network.base_spread):
        power = 2 if network.head.point == "mean" else 1
        network.share.fill_(_share(forecasts_of(network, validation), apart, power))
    widths = _widths(forecasts_of(network, validation), apart)
    if validation.panel.columns.future:  # who forecasts may know less of what comes than validation does
        widths = np.maximum(widths, 1)
    network.widening.copy_(torch.from_numpy(widths))


def forecasts_of(network: Network, validation: Validation) -> Forecasts:
    """Forecast the validation part."""
    probabilities = ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
    device = next(network.parameters()).device
    parts: list[Any] = []
    for batch in validation.windows():
        with torch.inference_mode():
            output = network(batch.to(device))
            point = network.head.point_forecast(output.parameters).cpu().numpy()
            quantiles = network.head.quantiles(output.parameters, probabilities).cpu().numpy()
        base = batch.base.numpy() if batch.base.shape[1] else point
        if batch.effect.shape[1]:
            base = base + batch.effect.numpy()
        known = batch.observed[:, batch.context :].numpy()
        truth = np.where(known, batch.target[:, batch.context :].numpy(), np.nan)
        low, middle, high = np.moveaxis(quantiles, -1, 0)
        parts.append((base, point, middle, low, high, truth, output.unit.cpu().numpy()))
    return Forecasts(*(np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True)))


def _share(given: Forecasts, apart: float, power: int) -> float:
    """How much of what the net adds to its base is kept: the best share, shrunk by how sure its gain is.

    Source: James and Stein, "Estimation with quadratic loss" (1961), for the shrinkage.
    """
    errors = [np.nanmean(_off(given, float(share)) ** power, axis=1) for share in _SHARES]
    best = int(np.argmin([np.nanmean(each) for each in errors]))
    gain = errors[0] - errors[best]
    gain = gain[np.isfinite(gain)]
    deviation = float(gain.std()) if len(gain) > 1 else 0.0
    if best == 0 or deviation == 0:
        return 0.0
    certainty = float(gain.mean()) / (deviation / np.sqrt(apart))
    return float(_SHARES[best] * max(0.0, 1 - 1 / certainty**2) * apart / (apart + 2))


def _off(given: Forecasts, share: float) -> Steps:
    """How far forecasts with a share of the net are off, in units of each window."""
    off: Steps = np.abs(given.base + share * (given.point - given.base) - given.truth) / given.unit
    return off


def _widths(given: Forecasts, apart: float) -> Float[np.ndarray, " horizon"]:
    """What distances from the median are multiplied by at each step ahead."""
    away = given.truth - given.middle
    room = np.where(away > 0, given.high - given.middle, given.middle - given.low)
    needed = np.divide(np.abs(away), room, out=np.full(away.shape, np.nan), where=room > 0)
    known: Bool[np.ndarray, "windows horizon"] = np.isfinite(needed)
    if not known.any():
        return np.ones(needed.shape[1])
    overall = np.log(max(_quantile(needed[known]), 1e-3)) * apart / (apart + _DOUBT)
    steps = []
    for step in range(needed.shape[1]):
        near = needed[:, max(0, step - 1) : step + 2]
        near = near[np.isfinite(near)]
        own = np.log(max(_quantile(near), 1e-3)) if len(near) else 0.0
        sure = apart / (apart + 4 * _DOUBT)
        steps.append(sure * own + (1 - sure) * overall)
    return np.clip(np.exp(steps), _NARROWEST, _WIDEST)


def _quantile(needed: Float[np.ndarray, " values"]) -> float:
    return float(np.quantile(needed, LEVEL))

"""Which inputs made a result: integrated gradients.

It takes a function of inputs (rows, steps, features) that gives one number a row, or the sum of these.
`recurra.diagnosis.site.Site.function` makes one of a net and any recurrent layer's input, so that symbols are
attributed through their embeddings.

Source: Sundararajan, Taly & Yan, "Axiomatic attribution for deep networks" (2017).
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from recurra.diagnosis.measurement import Measurement
from recurra.errors import ConfigError, ShapeError

Function = Callable[[Tensor], Tensor]

_SHORTEST = 1e-6  # stretch of a line whose points float32 can still tell apart


@dataclass(frozen=True, eq=False)
class Attribution(Measurement):
    """Shares of a result.

    Attributes:
        values: (rows, steps, features) what each number of the input added to the result, in its unit.
        difference: The result minus that of the baseline, summed over rows.
        error: How far the shares' sum is from that difference, which they add up to where the integral is
            exact.
    """

    values: Float64[np.ndarray, "rows steps features"]
    difference: float
    error: float

    @property
    def by_step(self) -> Float64[np.ndarray, "rows steps"]:
        """What each step added."""
        return np.asarray(self.values.sum(axis=-1))

    @property
    def by_feature(self) -> Float64[np.ndarray, "rows features"]:
        """What each feature added."""
        return np.asarray(self.values.sum(axis=1))


def integrated_gradients(
    function: Function,
    input: Float[Tensor, "rows steps features"],
    baseline: Tensor | None = None,
    *,
    nodes: int = 32,
) -> Attribution:
    """The gradient, averaged on the straight line from a baseline to the input, times their difference.

    Args:
        function: What is to be explained. Rows must not depend on each other.
        input: (rows, steps, features).
        baseline: Its like where nothing is known; None: zeros.
        nodes: Points of Gauss and Legendre's quadrature on that line.

    Raises:
        ShapeError: The baseline has another shape, or the function gives neither one number a row nor one.
        ConfigError: There are no nodes.
    """
    baseline = baseline_of(input, baseline)
    if nodes < 1:
        raise ConfigError(f"{nodes} nodes", "at least 1", "Use 32.")
    places, weights = np.polynomial.legendre.leggauss(nodes)
    mean = torch.zeros_like(input)
    with torch.enable_grad():
        for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
            point = torch.lerp(baseline, input, float(place)).detach().requires_grad_()
            (gradient,) = torch.autograd.grad(results_of(function, point).sum(), point)
            mean += float(weight) * gradient
    with torch.no_grad():
        values = ((input - baseline) * mean).double()
        difference = float(
            results_of(function, input).double().sum() - results_of(function, baseline).double().sum()
        )
    return Attribution(values.cpu().numpy(), difference, float(values.sum()) - difference)


def halving_gradients(
    function: Function,
    input: Float[Tensor, "1 steps features"],
    baseline: Tensor | None = None,
    *,
    tolerance: float = 0.01,
    nodes: int = 16,
    stretches: int = 32,
) -> Attribution:
    """Integrated gradients of one row, with more points where the function bends.

    What a stretch of the line adds is known from its ends: the one that is furthest off is halved, until the
    shares add up. So a net that changes its mind in one leap is attributed as well as a smooth one.

    Args:
        function: It takes any number of variants of the row, and gives a number for each.
        input: (1, steps, features).
        baseline: As of `integrated_gradients`.
        tolerance: The error that may stay, as a share of the difference.
        nodes: Points of a stretch.
        stretches: Most of them.

    Raises:
        ShapeError: As `integrated_gradients`.
    """
    baseline = baseline_of(input, baseline)
    away = input - baseline
    places, weights = np.polynomial.legendre.leggauss(nodes)

    def value(place: float) -> float:
        with torch.no_grad():
            return float(results_of(function, torch.lerp(baseline, input, place)).double())

    def stretch(low: float, high: float, begin: float, end: float) -> tuple[float, int, Any]:
        at = torch.as_tensor(low + (high - low) * (places + 1) / 2).to(input).view(-1, 1, 1)
        points = (baseline + at * away).detach().requires_grad_()
        with torch.enable_grad():
            (gradients,) = torch.autograd.grad(results_of(function, points).sum(), points)
        share = torch.as_tensor(weights * (high - low) / 2).to(input).view(-1, 1, 1)
        own = (away[0] * (share * gradients).sum(dim=0)).double().cpu().numpy()
        return -abs(own.sum() - (end - begin)), next(order), (low, high, begin, end, own)

    order = count()
    ends = value(0.0), value(1.0)
    found = [stretch(0.0, 1.0, *ends)]
    while -sum(one[0] for one in found) > tolerance * abs(ends[1] - ends[0]) and len(found) < stretches:
        low, high, begin, end, _ = found[0][2]
        if high - low < _SHORTEST:
            break
        heapq.heappop(found)
        middle = (low + high) / 2
        half = value(middle)
        heapq.heappush(found, stretch(low, middle, begin, half))
        heapq.heappush(found, stretch(middle, high, half, end))
    values = sum(one[2][-1] for one in found)
    difference = ends[1] - ends[0]
    return Attribution(np.asarray(values)[None], difference, float(np.sum(values)) - difference)


def baseline_of(input: Tensor, baseline: Tensor | None) -> Tensor:
    """What stands where nothing is known: zeros, if nothing else is given."""
    if baseline is None:
        return torch.zeros_like(input)
    if baseline.shape != input.shape:
        raise ShapeError(
            f"a baseline of shape {tuple(baseline.shape)}",
            f"{tuple(input.shape)}, as the input",
            "Expand it.",
        )
    return baseline


def results_of(function: Function, input: Tensor) -> Tensor:
    """What a function gives: one number a row, or one for all."""
    results = function(input)
    if results.shape not in ((), (len(input),)):
        raise ShapeError(
            f"results of shape {tuple(results.shape)}",
            f"({len(input)},), one for each row, or one number",
            "Choose one output: a class, a step.",
        )
    return results

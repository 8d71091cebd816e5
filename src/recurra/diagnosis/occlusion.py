"""What is lost of a result when steps or features of its input are taken away.

Source: Zeiler & Fergus, "Visualizing and understanding convolutional networks" (2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from recurra.diagnosis.attribution import Function, baseline_of, results_of
from recurra.diagnosis.measurement import Measurement
from recurra.errors import ConfigError, ShapeError

_AT_ONCE = 64  # variants of a row that are run together


@dataclass(frozen=True, eq=False)
class Occlusion(Measurement):
    """By how much a result falls without a part of the input; negative where it grows.

    Attributes:
        steps: (rows, steps) without a step (the window that begins with it), all features.
        features: (rows, features) without a feature, all steps.
    """

    steps: Float64[np.ndarray, "rows steps"]
    features: Float64[np.ndarray, "rows features"]


@torch.no_grad()
def occlusion(
    function: Function,
    input: Float[Tensor, "rows steps features"],
    baseline: Tensor | None = None,
    *,
    window: int = 1,
) -> Occlusion:
    """What is lost with every step, and with every feature: one run for each of them.

    Args:
        function: What is to be explained; it gives one number a row.
        input: (rows, steps, features).
        baseline: What stands in place of what is taken away; None: zeros.
        window: Steps that are taken away together.

    Raises:
        ShapeError: The baseline has another shape, or the function gives no number for each row.
        ConfigError: The window is empty.
    """
    baseline, whole = _begun(function, input, baseline, window)
    if whole.shape != (len(input),):
        raise ShapeError("one number for all rows", f"one for each of {len(input)} rows", "Do not sum them.")

    def without(place: tuple[slice, slice, slice]) -> Tensor:
        changed = input.clone()
        changed[place] = baseline[place]
        return whole - results_of(function, changed)

    every = slice(None)
    steps = [without((every, slice(step, step + window), every)) for step in range(input.shape[1])]
    features = [without((every, every, slice(one, one + 1))) for one in range(input.shape[2])]
    return Occlusion(*(torch.stack(one, dim=1).double().cpu().numpy() for one in (steps, features)))


@torch.no_grad()
def occlusion_map(
    function: Function,
    input: Float[Tensor, "1 steps features"],
    baseline: Tensor | None = None,
    *,
    sizes: Sequence[int],
    window: int = 1,
) -> Float64[np.ndarray, "steps columns"]:
    """What is lost of a row's result with every step of every column: a window's share is that of its steps.

    Args:
        function: As of `occlusion`; it takes any number of variants of the row.
        input: (1, steps, features).
        baseline: As of `occlusion`.
        sizes: How many features each column has; they lie beside each other.
        window: Steps that are taken away together.

    Raises:
        ShapeError: The baseline has another shape, or the function gives no number for each row.
        ConfigError: The window is empty.
    """
    baseline, whole = _begun(function, input, baseline, window)
    steps = input.shape[1]
    edges = np.cumsum([0, *sizes]).tolist()
    places = [(step, column) for step in range(0, steps, window) for column in range(len(sizes))]
    found = np.zeros((steps, len(sizes)))
    for begin in range(0, len(places), _AT_ONCE):
        own = places[begin : begin + _AT_ONCE]
        changed = input.repeat(len(own), 1, 1)
        for variant, (step, column) in enumerate(own):
            part = (slice(step, step + window), slice(edges[column], edges[column + 1]))
            changed[variant][part] = baseline[0][part]
        lost = (whole - results_of(function, changed)).double().cpu().numpy()
        for (step, column), value in zip(own, lost, strict=True):
            found[step : step + window, column] = value / min(window, steps - step)
    return found


def _begun(function: Function, input: Tensor, baseline: Tensor | None, window: int) -> tuple[Tensor, Tensor]:
    """The baseline, and the results of the whole input."""
    if window < 1:
        raise ConfigError(f"a window of {window} steps", "at least 1", "Use 1.")
    return baseline_of(input, baseline), results_of(function, input)

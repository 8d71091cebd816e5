"""What is lost of a result when steps or features of its input are taken away.

Source: Zeiler & Fergus, "Visualizing and understanding convolutional networks" (2014).
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from recurra.diagnosis.attribution import Function, baseline_of, results_of
from recurra.diagnosis.measurement import Measurement
from recurra.errors import ConfigError, ShapeError


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
    baseline = baseline_of(input, baseline)
    if window < 1:
        raise ConfigError(f"a window of {window} steps", "at least 1", "Use 1.")
    whole = results_of(function, input)
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

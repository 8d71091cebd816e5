"""In what condition states and gates are: saturated, dead, confined to few directions, drifting.

* A squashed value is saturated where its derivative is nearly gone: below 0.1 or above 0.9 of a sigmoid,
  beyond 0.9 either way of tanh. Gates may well be (they then keep or block), candidates should not all be.
* A ReLU unit that is 0 at all steps of all rows is dead: no gradient reaches it.
* The effective rank is the exponential of the entropy of the singular values' shares: how many directions
  the states use.
* The share f of the state that a gate keeps gives the time constant -1 / log f, in steps: after it 1/e of
  what was there is left. That of a unit is taken from the mean logarithm over all steps.

Source: Karpathy, Johnson & Fei-Fei, "Visualizing and understanding recurrent networks" (2015), for
saturation; Roy & Vetterli, "The effective rank" (2007); Tallec & Ollivier, "Can recurrent neural networks
warp time?" (2018), for time constants.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from recurra.cells import Gate
from recurra.cells.gate import Squash
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.passage import Passage

LOW, HIGH = 0.1, 0.9
_LEAST = 1e-12  # of a share that is kept: a gate that is shut keeps nothing for 1/27 of a step


class Saturation(NamedTuple):
    """Values of one gate or field over all steps and rows.

    Attributes:
        mean: Their mean.
        low: The share below 0.1 of a sigmoid, below -0.9 of tanh, and of zeros of ReLU.
        high: The share above 0.9 of a sigmoid or tanh; 0 of ReLU.
        stuck: The share of units that are low, or high, at all steps of all rows; of ReLU: that are dead.
        squash: By which function they were squashed.
    """

    mean: float
    low: float
    high: float
    stuck: float
    squash: Squash


class Retention(NamedTuple):
    """How long a gate keeps what is in a unit.

    Attributes:
        gate: Its name.
        steps: (units,) the time constant of every unit, from the shortest on.
        median: The median of them.
        longest: Their 90th percentile.
    """

    gate: str
    steps: Float64[np.ndarray, " units"]
    median: float
    longest: float


@dataclass(frozen=True, eq=False)
class StateHealth(Measurement):
    """States and gates of one direction of one layer.

    Attributes:
        gates: Of each gate its saturation; empty where the cell does not show its gates.
        units: How many hidden units there are.
        effective_rank: How many directions the hidden states use, at most the number of units.
        norms: For each field of the state (steps,) its norm after every step, the mean over rows.
        drift: For each field the mean norm over the last quarter of the steps in relation to that over the
            second; NaN of fewer than four steps.
        retention: For each gate that keeps; empty where none does.
    """

    gates: dict[str, Saturation]
    units: int
    effective_rank: float
    norms: dict[str, Float64[np.ndarray, " steps"]]
    drift: dict[str, float]
    retention: tuple[Retention, ...]


def state_health(passage: Passage) -> StateHealth:
    """Look at all states and gates of one direction of a layer."""
    valid = passage.valid
    gates = passage.gates()
    names = getattr(passage.states, "_fields", ())
    after = dict(zip(names, (field[:, 1:] for field in passage.states), strict=True))
    norms = {name: _norms(field, valid) for name, field in after.items()}
    return StateHealth(
        gates={name: saturation(gate, valid) for name, gate in gates.items()},
        units=passage.states[0].shape[-1],
        effective_rank=effective_rank(passage.states[0][:, 1:][valid]),
        norms=norms,
        drift={name: _drift(curve) for name, curve in norms.items()},
        retention=tuple(_retention(name, gate, valid) for name, gate in gates.items() if gate.keeps),
    )


def saturation(gate: Gate, valid: Tensor) -> Saturation:
    """How far a gate (rows, steps, units) is saturated at the steps that count."""
    values = gate.values[valid]
    if not len(values):
        return Saturation(math.nan, math.nan, math.nan, math.nan, gate.squash)
    if gate.squash == "linear":
        low = high = torch.zeros_like(values, dtype=torch.bool)
    elif gate.squash == "relu":
        low, high = values <= 0, torch.zeros_like(values, dtype=torch.bool)
    else:
        low, high = values < (LOW if gate.squash == "sigmoid" else -HIGH), values > HIGH
    stuck = low.all(dim=0) | high.all(dim=0)
    shares = [float(one.double().mean()) for one in (values, low, high, stuck)]
    return Saturation(shares[0], shares[1], shares[2], shares[3], gate.squash)


def effective_rank(values: Float[Tensor, "vectors units"]) -> float:
    """How many directions vectors use, once their mean is taken away: 1 to the number of units; 0 of none."""
    centred = values.double() - values.double().mean(dim=0)
    spread = torch.linalg.svdvals(centred)
    if not len(spread) or float(spread[0]) == 0:
        return 0.0
    shares = spread / spread.sum()
    shares = shares[shares > 0]
    return float((-(shares * shares.log()).sum()).exp())


def _norms(field: Float[Tensor, "rows steps units"], valid: Tensor) -> Float64[np.ndarray, " longest"]:
    norms = field.double().norm(dim=-1).masked_fill(~valid, 0).sum(dim=0)
    curve: np.ndarray = (norms / valid.sum(dim=0)).cpu().numpy()
    return curve[: int(valid.sum(dim=1).max())] if valid.numel() else curve


def _drift(curve: Float64[np.ndarray, " steps"]) -> float:
    quarter = len(curve) // 4
    if not quarter or not curve[quarter : 2 * quarter].any():
        return math.nan
    return float(curve[-quarter:].mean() / curve[quarter : 2 * quarter].mean())


def _retention(name: str, gate: Gate, valid: Tensor) -> Retention:
    kept = gate.values[valid].double().clamp(min=_LEAST, max=1 - _LEAST)
    steps = (-1 / kept.log().mean(dim=0)).sort().values.cpu().numpy()
    if not len(kept):
        return Retention(name, steps, math.nan, math.nan)
    return Retention(name, steps, *(float(one) for one in np.quantile(steps, [0.5, 0.9])))

"""How the gradient of a loss fades or grows on its way back through time.

With L the mean loss, g_t = ∂L/∂s_t is what enters the state s_t after step t from outside of the recurrence,
and J_t = ∂s_t/∂s_{t-1} the Jacobian of a step. Followed back k steps it is

    g_{t,k} = g_t J_t J_{t-1} ... J_{t-k+1}

whose sum over t is the gradient that backpropagation through time gives the state at step t - k. The g_t come
from one backward pass through the whole net; the products are exact, for all followed t at once, by
vector-Jacobian products of the cell's step. Of a layer whose outputs each meet the loss of their own step
g_{t,k} is the gradient of that loss; below another recurrent layer, g_t also holds what that one carried back
from later steps. The state is all that a step takes over: the hidden state, and the cell of an LSTM.

Source: Bengio, Simard & Frasconi, "Learning long-term dependencies with gradient descent is difficult"
(1994); Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks" (2013).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from recurra.diagnosis.limits import Limits, evenly
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.passage import Passage
from recurra.ops.walk import State, mapped


@dataclass(frozen=True, eq=False)
class GradientFlow(Measurement):
    """How far back the gradient comes in one direction of one layer.

    Attributes:
        steps: The steps t whose gradient is followed, in the order of the direction.
        norms: (steps, lags) the norm of g_{t,k}, its mean over rows; NaN where there is no step t - k.
        profile: (lags,) what is left of the norm after k steps, 1 at k = 0. Each step's share is the mean
            over all t and rows that go as far, so that few long rows do not stand for all.
        factor: By what a step multiplies the norm: the geometric mean over the later half of the lags, where
            what fades at once is gone. Below 1 gradients vanish, above they explode; NaN of fewer than three
            steps.
        half_life: Steps after which half of the norm is left; infinite where nothing fades.
    """

    steps: tuple[int, ...]
    norms: Float64[np.ndarray, "steps lags"]
    profile: Float64[np.ndarray, " lags"]
    factor: float
    half_life: float

    def reach(self, share: float = 0.01) -> int:
        """The last lag at which so much of the norm is left."""
        return int(np.flatnonzero(self.profile >= share).max(initial=0))


def gradient_flow(passage: Passage, limits: Limits = Limits()) -> GradientFlow:  # noqa: B008
    """Follow gradients back through one direction of a layer."""
    steps = _sources(passage, limits)
    if not steps:
        nothing = np.zeros((0, 1))
        return GradientFlow((), nothing, np.ones(1), math.nan, math.nan)
    logs = _followed(passage, steps, limits.lags)
    with np.errstate(divide="ignore", invalid="ignore"):
        profile = _profile(logs)
        factor = _factor(profile)
        norms = _mean_over_rows(logs)
    return GradientFlow(tuple(steps), norms, np.exp(profile), factor, half_life(factor))


def half_life(factor: float) -> float:
    """Steps after which half is left of what a step multiplies by a factor."""
    if not factor < 1:
        return math.nan if math.isnan(factor) else math.inf
    return math.log(0.5) / math.log(factor) if factor > 0 else 0.0


def _sources(passage: Passage, limits: Limits) -> list[int]:
    """Steps that a gradient enters at, evenly spaced over those that are looked at."""
    strength = sum(field.abs().sum(dim=(0, 2)) for field in passage.entering)
    entered = torch.nonzero(torch.as_tensor(strength)).flatten().tolist()
    recent = [step for step in entered if step > entered[-1] - limits.steps]
    return [recent[place] for place in evenly(0, len(recent) - 1, limits.sources)] if recent else []


def _followed(passage: Passage, steps: list[int], lags: int) -> Float64[np.ndarray, "steps lags rows"]:
    """The logarithms of all norms; NaN where there is no such step, and of rows that no gradient enters.

    Vectors are scaled to length 1 after every step, so that nothing gets too small or too large to be held.
    """
    rows = len(passage.lengths)
    logs = np.full((len(steps), min(lags, steps[-1]) + 1, rows), np.nan)
    vectors = mapped(lambda field: field[:, steps].transpose(0, 1).clone(), passage.entering)
    norms = _norms(vectors)
    logs[:, 0] = _logarithms(norms)
    logs[:, 0][np.isneginf(logs[:, 0])] = np.nan
    vectors = _scaled(vectors, norms)
    for step in range(steps[-1], 0, -1):
        under_way = [
            n for n, source in enumerate(steps) if step <= source and source - step + 1 < logs.shape[1]
        ]
        if not under_way:
            continue
        own = slice(under_way[0], under_way[-1] + 1)
        pulled = passage.pulled(step, mapped(lambda field, own=own: field[own], vectors))
        norms = _norms(pulled)
        for field, moved in zip(vectors, _scaled(pulled, norms), strict=True):
            field[own] = moved
        for place, log in zip(under_way, _logarithms(norms), strict=True):
            lag = steps[place] - step + 1
            logs[place, lag] = logs[place, lag - 1] + log
    return logs


def _norms(vectors: State) -> Tensor:
    """(vectors, rows) of all fields together."""
    return torch.stack([field.double().square().sum(dim=-1) for field in vectors]).sum(dim=0).sqrt()


def _scaled(vectors: State, norms: Tensor) -> State:
    safe = torch.where(norms > 0, norms, 1).unsqueeze(-1)
    return mapped(lambda field: (field / safe).to(field.dtype), vectors)


def _logarithms(norms: Tensor) -> np.ndarray:
    return norms.log().cpu().numpy()


def _profile(logs: Float64[np.ndarray, "steps lags rows"]) -> Float64[np.ndarray, " lags"]:
    """The logarithm of what is left after each lag, of the mean over steps and rows, chained."""
    relative = np.moveaxis(logs - logs[:, :1], 1, 0).reshape(logs.shape[1], -1)
    profile = np.zeros(len(relative))
    for lag in range(1, len(relative)):
        both = ~np.isnan(relative[lag])
        if not both.any():
            return profile[:lag]
        after, before = (np.logaddexp.reduce(one[both]) for one in (relative[lag], relative[lag - 1]))
        profile[lag] = -np.inf if np.isneginf(before) else profile[lag - 1] + after - before
    return profile


def _factor(profile: Float64[np.ndarray, " lags"]) -> float:
    last = len(profile) - 1
    if last < 2:
        return math.nan
    if np.isneginf(profile[last]):
        return 0.0
    first = last // 2
    return float(np.exp((profile[last] - profile[first]) / (last - first)))


def _mean_over_rows(logs: Float64[np.ndarray, "steps lags rows"]) -> Float64[np.ndarray, "steps lags"]:
    known = ~np.isnan(logs)
    total = np.where(known, np.exp(np.where(known, logs, 0.0)), 0.0).sum(axis=-1)
    return np.where(known.any(axis=-1), total / known.sum(axis=-1), np.nan)

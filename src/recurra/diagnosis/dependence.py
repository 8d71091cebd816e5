"""How far back data depend on themselves, or a target on its inputs: what a net would have to remember.

Numbers by correlation, symbols (whole numbers) by mutual information; numbers against symbols by mutual
information, each feature cut at its octiles. What independent data would show by chance stands beside it.

Source: Box & Jenkins, "Time series analysis" (1970), for the bounds of correlations; Lin & Tegmark, "Critical
behavior in physics and probabilistic formal languages" (2017), for mutual information at a lag.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64
from scipy.stats import chi2, norm

from recurra.diagnosis.information import mutual_information, symbols_of
from recurra.diagnosis.measurement import Measurement
from recurra.errors import ShapeError

_SHUFFLES, _MOST_PAIRS = 32, 100_000


@dataclass(frozen=True, eq=False)
class Dependence(Measurement):
    """Dependence at each lag.

    Attributes:
        kind: "correlation", the largest absolute one of a feature with a target; "autocorrelation", of all
            features together, weighted by their variance; "information", mutual, in bits.
        values: (lags,) at lag k of what stands k steps before a target, from k = 0 on.
        chance: (lags,) what independent data stay below at all lags about 19 times of 20.
        reach: The last lag above that; -1 if none is.
    """

    kind: Literal["correlation", "autocorrelation", "information"]
    values: Float64[np.ndarray, " lags"]
    chance: Float64[np.ndarray, " lags"]
    reach: int


def dependence(
    inputs: np.ndarray,
    targets: np.ndarray | None,
    lengths: np.ndarray,
    lags: int,
    *,
    at: Bool[np.ndarray, "rows steps"] | None = None,
) -> Dependence:
    """Measure the dependence of targets on inputs, or, without targets, of inputs on earlier ones.

    Args:
        inputs: (rows, steps, features) numbers, or (rows, steps) symbols, which are whole numbers.
        targets: Its like, aligned with it; None: the inputs themselves.
        lengths: (rows,) how many steps count.
        lags: How far back to look.
        at: Where targets count; None: at all steps. Neighbours among them may then be alike: chance is that
            of as many fewer pairs (Bartlett 1935).

    Raises:
        ShapeError: Rows or steps of both differ.
    """
    if targets is not None and targets.shape[:2] != inputs.shape[:2]:
        raise ShapeError(f"targets of shape {targets.shape}", f"({inputs.shape[:2]}, ...)", "Align them.")
    lags = min(lags, max(int(lengths.max(initial=0)) - 1, 0))
    later = inputs if targets is None else targets
    pairs = [_pairs(inputs, later, lengths, lag, at) for lag in range(lags + 1)]
    symbolic = inputs.dtype.kind in "iub" or (targets is not None and targets.dtype.kind in "iub")
    if symbolic:
        return _information([(symbols_of(x), symbols_of(y)) for x, y in pairs])
    if targets is None:
        return _autocorrelation(pairs)
    return _correlation(pairs, 1.0 if at is None else _alike(inputs, targets, lengths, lags, at))


def _alike(inputs: np.ndarray, targets: np.ndarray, lengths: np.ndarray, lags: int, at: np.ndarray) -> float:
    """How many pairs count as one, as far as each series goes on as it was."""
    own = _autocorrelation([_pairs(inputs, inputs, lengths, lag) for lag in range(lags + 1)])
    others = [_pairs(targets, targets, lengths, lag, at, both=True) for lag in range(lags + 1)]
    together = own.values * np.minimum(_autocorrelation(others).values, 1.0)
    kept = np.array([len(x) for x, _ in others]) / max(len(others[0][0]), 1)
    return float(1 + 2 * (together * kept)[1:].sum())


def _pairs(
    inputs: np.ndarray,
    targets: np.ndarray,
    lengths: np.ndarray,
    lag: int,
    at: np.ndarray | None = None,
    *,
    both: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """What stands so many steps apart within rows; with `at` where the later (or both) of them count."""
    rows = [(x[: n - lag], y[lag:n]) for x, y, n in zip(inputs, targets, lengths, strict=True) if n > lag]
    if at is not None:
        places = [
            one[lag:n] & one[: n - lag] if both else one[lag:n]
            for one, n in zip(at, lengths, strict=True) if n > lag
        ]  # fmt: skip
        rows = [(x[p], y[p]) for (x, y), p in zip(rows, places, strict=True)]
    if not rows:
        return inputs[:0].reshape(0, *inputs.shape[2:]), targets[:0].reshape(0, *targets.shape[2:])
    earlier, later = (np.concatenate(one) for one in zip(*rows, strict=True))
    every = max(-(-len(earlier) // _MOST_PAIRS), 1)
    return earlier[::every], later[::every]


def _found(
    kind: Literal["correlation", "autocorrelation", "information"], values: list[float], chance: np.ndarray
) -> Dependence:
    curve = np.array(values)
    return Dependence(kind, curve, chance, int(np.flatnonzero(curve > chance).max(initial=-1)))


def _counts(columns: Iterable[np.ndarray]) -> np.ndarray:
    """How many pairs each lag has, at least 1."""
    return np.array([max(len(one), 1) for one in columns], dtype=np.float64)


def _autocorrelation(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Dependence:
    counts = _counts(x for x, _ in pairs)
    chance = norm.ppf(1 - 0.025 / len(pairs)) / np.sqrt(counts)
    if not len(pairs[0][0]):
        return _found("autocorrelation", [0.0] * len(pairs), chance)
    mean, variance = pairs[0][0].mean(axis=0), float(pairs[0][0].var(axis=0).sum())
    products = [float(((x - mean) * (y - mean)).sum()) for x, y in pairs]
    values = [abs(one) / n / variance if variance else 0.0 for one, n in zip(products, counts, strict=True)]
    return _found("autocorrelation", values, chance)


def _correlation(pairs: list[tuple[np.ndarray, np.ndarray]], alike: float = 1.0) -> Dependence:
    values, counts = [], _counts(x for x, _ in pairs)
    for (x, y), n in zip(pairs, counts, strict=True):
        left, right = (_standardised(one.reshape(len(one), math.prod(one.shape[1:]))) for one in (x, y))
        values.append(float(np.abs(left.T @ right).max(initial=0.0)) / n)
    compared = pairs[0][0][:1].size * pairs[0][1][:1].size * len(pairs)
    chance = norm.ppf(1 - 0.025 / max(compared, 1)) / np.sqrt(np.maximum(counts / alike, 1))
    return _found("correlation", values, chance)


def _standardised(values: np.ndarray) -> np.ndarray:
    if not len(values):
        return values
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1))


def _information(pairs: list[tuple[list[np.ndarray], list[np.ndarray]]]) -> Dependence:
    """Mutual information without what shuffled pairs show: counting finds some everywhere.

    What it finds by chance goes with one over the number of pairs, so that one lag tells of all.
    """
    random = np.random.default_rng(0)
    first, shuffled = pairs[0], []
    for _ in range(_SHUFFLES):
        order = random.permutation(len(first[0][0]))
        shuffled.append(_largest([one[order] for one in first[0]], first[1]))
    counts = _counts(x[0] for x, _ in pairs)
    fewer = counts[0] / counts
    bias, spread = float(np.mean(shuffled)), float(np.var(shuffled))
    found = np.array([_largest(x, y) for x, y in pairs]) - bias * fewer
    # Without dependence it has about a chi-squared distribution, whose scale few shuffles tell roughly.
    degrees = 2 * bias**2 / spread if spread else 1.0
    most = bias / degrees * float(chi2.ppf(1 - 0.01 / len(pairs), degrees))
    return _found("information", np.maximum(found, 0.0).tolist(), (most - bias) * fewer)


def _largest(inputs: list[np.ndarray], targets: list[np.ndarray]) -> float:
    return max((mutual_information(x, y) for x, y in product(inputs, targets)), default=0.0)

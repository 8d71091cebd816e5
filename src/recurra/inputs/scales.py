"""By what numbers are scaled: their mean and deviation over the contents of the training part."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float

ContentT = TypeVar("ContentT")


class Scales(NamedTuple):
    """What each number of a step is less by, and then divided by.

    Attributes:
        mean, deviation: (numbers,).
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def spread(contents: Sequence[ContentT], most: int) -> Iterable[ContentT]:
    """About so many contents, or somewhat more, spread over all."""
    return islice(contents, 0, None, max(1, len(contents) // most))


def scales_of(
    parts: Iterable[Float[np.ndarray, "_steps numbers"]],
    least: float,
    plain: int = 0,
    kinds: Sequence[int] = (),
) -> Scales:
    """Mean and deviation of each number over all parts, of which one is in memory at a time.

    Args:
        parts: Steps of numbers; at least one.
        least: Deviations up to this are 1: what hardly varies is not scaled up.
        plain: How many numbers at the end stay as they are.
        kinds: Of how many numbers each kind is, from the first on; those of a kind have one deviation, the
            root of their mean variance. None: each has its own.
    """
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  # a second to import; no stream needs it

    scaler = StandardScaler()
    for part in parts:
        scaler.partial_fit(part.astype(np.float64))
    mean, variance = np.array(scaler.mean_), np.array(scaler.var_)
    for end, size in zip(np.cumsum(kinds, dtype=int), kinds, strict=True):
        variance[end - size : end] = variance[end - size : end].mean()
    deviation = np.sqrt(variance)
    deviation = np.where(deviation > least, deviation, 1.0)
    scaled = len(mean) - plain
    mean[scaled:], deviation[scaled:] = 0, 1
    return Scales(tuple(mean.tolist()), tuple(deviation.tolist()))

"""Mutual information of columns of symbols, and numbers as symbols."""

import numpy as np
from jaxtyping import Float, Int

_BINS, _MOST_FEATURES = 8, 16


def symbols_of(values: np.ndarray) -> list[np.ndarray]:
    """One column of symbols, or each feature's numbers by which eighth they are in."""
    if values.dtype.kind in "iub":
        return [values.reshape(len(values), -1)[:, 0]]
    columns = values.reshape(len(values), -1).T[:_MOST_FEATURES]
    cuts = np.linspace(0, 1, _BINS + 1)[1:-1]
    return [np.searchsorted(np.quantile(one, cuts), one) if len(one) else one.astype(int) for one in columns]


def told_apart(
    values: Float[np.ndarray, "rows steps features"], lengths: Int[np.ndarray, " rows"]
) -> Float[np.ndarray, "rows steps features"] | Int[np.ndarray, "rows steps"]:
    """Vectors as symbols, each vector one, where there are at most half as many as steps.

    So embeddings are known for what they stand for, however little they were trained.
    """
    counted = values[np.arange(values.shape[1]) < lengths[:, None]]
    if values.shape[-1] < 2 or not len(counted):
        return values
    if len(np.unique(counted, axis=0)) > len(counted) / 2:
        return values
    _, ids = np.unique(values.reshape(-1, values.shape[-1]), axis=0, return_inverse=True)
    return ids.reshape(values.shape[:2]).astype(np.int64)


def mutual_information(inputs: np.ndarray, targets: np.ndarray) -> float:
    """In bits, of the counted shares of two columns of symbols."""
    if not len(inputs):
        return 0.0
    (_, x), (_, y) = (np.unique(one, return_inverse=True) for one in (inputs, targets))
    width = int(y.max()) + 1
    joint, counts = np.unique(x.astype(np.int64) * width + y, return_counts=True)
    own = np.bincount(x)[joint // width] * np.bincount(y)[joint % width].astype(np.float64)
    shares = counts / len(x)
    return float((shares * np.log2(counts * len(x) / own)).sum())

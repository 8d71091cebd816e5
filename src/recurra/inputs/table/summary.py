"""Rows of a table as numbers, for baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.inputs.table.encoding import TableEncoding


def summary(
    fitted: Sequence[Mapping[str, Any]], others: Sequence[Sequence[Mapping[str, Any]]]
) -> list[Float[np.ndarray, "_ features"]]:
    """The columns as the net sees them, (rows, features), with what was learnt from the first rows."""
    encoding = TableEncoding.learn(fitted)
    return [
        np.concatenate([encoding.encode(row) for row in rows]) if rows else np.zeros((0, encoding.size))
        for rows in others
    ]

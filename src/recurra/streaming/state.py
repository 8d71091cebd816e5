"""The parts of a session's state, by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.errors import ShapeError
from recurra.streaming.layer import Array


class StateLayout:
    """How the parts of a state lie in one row of numbers.

    Args:
        sizes: How many numbers each part has, in their order.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = dict(sizes)
        self.size = sum(self.sizes.values())

    def split(self, rows: Array) -> dict[str, Array]:
        """The parts (..., size of the part) of rows (..., size), as views."""
        parts = {}
        begin = 0
        for name, size in self.sizes.items():
            parts[name] = rows[..., begin : begin + size]
            begin += size
        return parts

    def join(self, parts: Mapping[str, Any], *leading: int) -> Array:
        """Rows (*leading, size) of all parts (*leading, size of the part).

        Raises:
            ShapeError: A part is missing, unknown, of a wrong shape, or does not consist of numbers.
        """
        if set(parts) != set(self.sizes):
            raise ShapeError(
                f"a state of {', '.join(sorted(map(str, parts))) or 'nothing'}",
                f"exactly {', '.join(self.sizes) or 'nothing'}",
                "Begin with the state that was read, and change its numbers.",
            )
        rows = np.empty((*leading, self.size), np.float32)
        for name, place in self.split(rows).items():
            array = np.asarray(parts[name])
            if array.shape != place.shape or array.dtype.kind not in "fiu":
                raise ShapeError(
                    f"{name} of shape {array.shape} and type {array.dtype}",
                    f"numbers of shape {place.shape}",
                    "Give a number for every unit.",
                )
            with np.errstate(over="ignore"):
                place[...] = array
        return rows

"""The features of one row: where they lie, and their numbers when they are asked for; no torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.stored import open_arrays
from recurra.errors import DataError

_MOST_AXES = 3


@dataclass(frozen=True)
class Features:
    """The features of an item.

    Attributes:
        path: The file.
        array: The array in it.
        row: Which row of that; None: all of it.
        shape: (channels,), (cells, channels), or (rows, columns, channels), with the channels first where
            `first`.
        first: Whether channels are the first axis.
        name: What the item is called.
        picture: A picture of it.
    """

    path: Path
    array: str
    row: int | None
    shape: tuple[int, ...]
    first: bool
    name: str = field(compare=False)
    picture: Path | None = field(default=None, compare=False)

    @property
    def channels(self) -> int:
        """Numbers of a cell."""
        return self.shape[0 if self.first else -1]

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of cells, where there are both."""
        if len(self.shape) < _MOST_AXES:
            return None
        return (self.shape[1], self.shape[2]) if self.first else (self.shape[0], self.shape[1])

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return int(np.prod(self.shape)) // self.channels

    def numbers(self) -> Float32[np.ndarray, "cells channels"]:
        """The cells, row by row.

        Raises:
            DataError: The file is not there any more, has changed, or holds NaN or infinity.
        """
        try:
            values = open_arrays(self.path)[self.array].read(self.row).reshape(self.shape)
        except (KeyError, IndexError, ValueError) as error:
            raise DataError(f"{self.path} has changed ({error})", "what was there", "Restore it.") from error
        return cells_of(values, self.name, first=self.first)


def cells_of(values: np.ndarray, name: str, *, first: bool) -> Float32[np.ndarray, "cells channels"]:
    """Features of an item as cells, row by row.

    Raises:
        DataError: A number is NaN or infinite.
    """
    with np.errstate(over="ignore"):
        numbers = np.asarray(values, np.float32)
    if not np.isfinite(numbers).all():
        wrong = "NaN" if np.isnan(numbers).any() else "infinity"
        raise DataError(
            f"the features of {name} hold {wrong}", "finite numbers", "Compute them again, or leave it out."
        )
    ordered = np.moveaxis(numbers, 0, -1) if first else numbers
    return np.ascontiguousarray(ordered.reshape(-1, ordered.shape[-1]))


def shape_of(given: tuple[int, ...], channels: str, place: str) -> tuple[tuple[int, ...], bool]:
    """The shape of an item without axes of one before it, and whether its channels come first.

    Args:
        given: As it lies in a file.
        channels: "last", "first" or "auto".
        place: Where, for the error.

    Raises:
        DataError: It has too many axes, or none.
    """
    shape = given
    while len(shape) > _MOST_AXES and shape[0] == 1:
        shape = shape[1:]
    if not 1 <= len(shape) <= _MOST_AXES or 0 in shape:
        raise DataError(
            f"{place}: features of shape {given}",
            "(channels,), (cells, channels) or (rows, columns, channels)",
            "Reshape them.",
        )
    if channels == "auto":
        return shape, len(shape) == _MOST_AXES and shape[0] > max(shape[1:])
    return shape, channels == "first" and len(shape) > 1


def as_array(given: Any, place: str) -> np.ndarray:
    """Nested lists of numbers, of one to three axes, as an array.

    Raises:
        DataError: They are none.
    """
    try:
        return np.asarray(given, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"{place} holds no features", "a list of numbers, or a list of such lists", "Correct the row."
        ) from error

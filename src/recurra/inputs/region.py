"""Where the steps that a net reads stand in a picture."""

from collections.abc import Sequence
from typing import NamedTuple


class Region(NamedTuple):
    """Where a step stands in an image, as shares of its width and height from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


def grid_regions(rows: int, columns: int) -> Sequence[Region]:
    """The cells of a grid over all of an image, row by row."""
    return [
        Region(column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        for row in range(rows)
        for column in range(columns)
    ]

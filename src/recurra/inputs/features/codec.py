"""Features as scaled steps; nothing here needs torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import DataError
from recurra.inputs.features.content import as_array, cells_of, shape_of
from recurra.inputs.revival import reviving


@dataclass(frozen=True)
class FeatureCodec:
    """How features become steps.

    Attributes:
        size: Channels.
        axis: Which axis they are of features without a file, as the setting `channels`.
        one_step: Whether each item is a single step.
        max_length: Most steps.
        mean, deviation: (channels,) what numbers are scaled by.
        grid: Rows and columns of the picture that steps are of; none where they are of none, or of many.
    """

    size: int
    axis: str
    one_step: bool
    max_length: int
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    grid: tuple[int, int] | None = None

    def scaled(self, cells: Float32[np.ndarray, "cells channels"]) -> Float32[np.ndarray, "steps channels"]:
        """Cells as steps.

        Raises:
            DataError: They have other channels than those of training, or more cells than one where these had
                one.
        """
        if cells.shape[1] != self.size or (self.one_step and len(cells) > 1):
            raise DataError(
                f"features of {len(cells):,} cells of {cells.shape[1]:,} channels",
                f"{'one of ' if self.one_step else ''}{self.size:,} channels, as in training",
                "Compute them by the same net.",
            )
        cells = cells[: self.max_length]
        if not self.mean:
            return cells
        return (cells - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)

    def of_lists(self, given: Any, place: str) -> Float32[np.ndarray, "steps channels"]:
        """Nested lists as steps. Errors as of `scaled`, and where they are no features."""
        values = as_array(given, place)
        shape, first = shape_of(values.shape, self.axis, place)
        return self.scaled(cells_of(values.reshape(shape), place, first=first))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "FeatureCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        with reviving("features"):
            own = {name: description[name] for name in cls.__dataclass_fields__}
            mean, deviation = (tuple(map(float, own.pop(name))) for name in ("mean", "deviation"))
            grid = own.pop("grid")
            cells = None if grid is None else (int(grid[0]), int(grid[1]))
            return cls(mean=mean, deviation=deviation, grid=cells, **own)

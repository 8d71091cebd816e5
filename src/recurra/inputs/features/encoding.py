"""What was learnt of the features of the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isqrt
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import ConfigError
from recurra.inputs.features.codec import FeatureCodec
from recurra.inputs.features.config import FeaturesConfig
from recurra.inputs.features.content import Features
from recurra.inputs.input import Encoding
from recurra.inputs.scales import scales_of, spread

_SEEN = 1_000  # items that means and deviations are taken of, spread over all
_LEAST = 1e-6  # of deviations: channels that are always the same are not scaled up


class FeatureEncoding(Encoding):
    """How features become arrays (time, channels), each when it is needed.

    Args:
        codec: Features to scaled steps.
    """

    on_demand = True

    def __init__(self, codec: FeatureCodec) -> None:
        self.codec = codec
        self.one_step = codec.one_step

    @classmethod
    def learn(cls, contents: Sequence[Features], config: FeaturesConfig) -> "FeatureEncoding":
        """Learn the scales of the training part.

        Raises:
            ConfigError: layout=grid of what is none.
            DataError: Features cannot be read, or are no numbers.
        """
        first = contents[0]
        one_step = all(one.cells == 1 for one in contents)
        codec = FeatureCodec(
            first.channels, config.channels, one_step, config.max_length, grid=_grid(contents, config.layout)
        )
        if config.standardize:
            cells = (one.numbers() for one in spread(contents, _SEEN))
            codec = replace(codec, **scales_of(cells, _LEAST)._asdict())
        return cls(codec)

    def encode(self, content: Features) -> Float32[np.ndarray, "time channels"]:
        """Scaled steps; see `FeatureCodec.scaled`."""
        return self.codec.scaled(content.numbers())

    def length(self, content: Features) -> int:
        """Steps of an item, by what its file announces."""
        return min(content.cells, self.codec.max_length)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return self.codec.to_dict()

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "FeatureEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(FeatureCodec.from_dict(description))


def _grid(contents: Sequence[Features], layout: str) -> tuple[int, int] | None:
    """Rows and columns of cells, where all items have the same, and more than one.

    Raises:
        ConfigError: They are asked for, and there are none.
    """
    if layout == "steps":
        return None
    shapes = {one.grid or _square(one, asked=layout == "grid") for one in contents}
    grid = shapes.pop()
    if shapes or grid is None:
        if layout == "grid":
            raise ConfigError(
                f"layout=grid with features of {contents[0].cells:,} cells",
                "as many rows as columns in all examples, or (rows, columns, channels)",
                "Reshape them, or leave layout out.",
            )
        return None
    return None if grid == (1, 1) else grid


def _square(one: Features, *, asked: bool) -> tuple[int, int] | None:
    """Rows and columns of a square, where a picture has so many cells."""
    side = isqrt(one.cells)
    return (side, side) if side * side == one.cells and (asked or one.picture is not None) else None

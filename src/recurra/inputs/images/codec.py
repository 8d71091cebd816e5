"""Images as scaled steps, and back from steps to images; nothing here needs torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from recurra.data.image import Image, Values
from recurra.inputs.region import Region
from recurra.inputs.revival import reviving

View = Literal["rows", "columns", "grid", "vector"]


@dataclass(frozen=True)
class ImageCodec:
    """How images become steps.

    Attributes:
        view: What a step is.
        height, width: Pixels that images are scaled to; None: in proportion to the other.
        fit: As in `ImagesConfig`.
        channels: 1 of grey, 3 of colours.
        stack: Rows or columns of a step.
        patch: Pixels of a cell, both ways.
        max_length: Most steps of rows and columns.
        flat: Whether a step is a list of numbers, and not an array of pixels.
        mean, deviation: (channels,) what pixels are scaled by.
        white: What stands for white in arrays that come live.
    """

    view: View
    height: int | None
    width: int | None
    fit: str
    channels: int
    stack: int
    patch: int
    max_length: int
    flat: bool
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    white: float

    @property
    def step_shape(self) -> tuple[int, ...]:
        """(along, across, channels) of a strip, (height, width, channels) of a cell, or of an image."""
        if self.view == "rows":
            return self.stack, self.width or 1, self.channels
        if self.view == "columns":
            return self.stack, self.height or 1, self.channels
        if self.view == "grid":
            return self.patch, self.patch, self.channels
        return self.height or 1, self.width or 1, self.channels

    @property
    def step_size(self) -> int:
        """Numbers of a step."""
        return int(np.prod(self.step_shape))

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return (self.height or 0) // self.patch, (self.width or 0) // self.patch

    def size(self, image: Image) -> tuple[int, int]:
        """Height and width to which an image is scaled."""
        if self.height is not None and self.width is not None:
            return self.height, self.width
        if self.height is not None:
            return self.height, max(1, round(image.width * self.height / image.height))
        width = self.width or 1
        return max(1, round(image.height * width / image.width)), width

    def length(self, image: Image) -> int:
        """Steps of an image, by its header."""
        if self.view == "vector":
            return 1
        if self.view == "grid":
            return self.grid[0] * self.grid[1]
        along = self.size(image)[0 if self.view == "rows" else 1]
        return min(-(-along // self.stack), self.max_length)

    def encode(self, image: Image) -> Float32[np.ndarray, "time ..."]:
        """An image as scaled steps.

        Raises:
            DataError: It cannot be read.
        """
        scaled = (self.fitted(image) - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return self.steps(scaled)

    def fitted(self, image: Image) -> Values:
        """The pixels at the size that is read."""
        height, width = self.size(image)
        if self.fit == "stretch" or self.height is None or self.width is None:
            return image.scaled(height, width, self.channels)
        pick = max if self.fit == "crop" else min
        factor = pick(height / image.height, width / image.width)
        inner = max(1, round(image.height * factor)), max(1, round(image.width * factor))
        values = image.scaled(*inner, self.channels)
        if inner == (height, width):
            return values
        top, left = (inner[0] - height) // 2, (inner[1] - width) // 2
        if self.fit == "crop":
            return values[max(top, 0) :, max(left, 0) :][:height, :width]
        around = ((-top, height - inner[0] + top), (-left, width - inner[1] + left))
        return framed(values, around)

    def steps(self, pixels: Values) -> Float32[np.ndarray, "time ..."]:
        """Pixels at the size that is read as steps; `pixels` is the inverse."""
        if self.view == "vector":
            steps = pixels[None]
        elif self.view == "grid":
            (rows, columns), patch = self.grid, self.patch
            cells = pixels.reshape(rows, patch, columns, patch, self.channels)
            steps = cells.transpose(0, 2, 1, 3, 4).reshape(-1, *self.step_shape)
        else:
            strips = pixels if self.view == "rows" else pixels.transpose(1, 0, 2)
            missing = -len(strips) % self.stack
            if missing:
                strips = framed(strips, ((0, missing), (0, 0)))
            steps = strips.reshape(-1, *self.step_shape)[: self.max_length]
        if self.flat:
            steps = steps.reshape(len(steps), -1)
        found: Float32[np.ndarray, "time ..."] = np.ascontiguousarray(steps)
        return found

    def pixels(self, steps: Float32[np.ndarray, "time ..."]) -> Values:
        """The pixels that steps were made of; of rows and columns also those that fill the last step."""
        steps = steps.reshape(len(steps), *self.step_shape)
        if self.view == "vector":
            whole: Values = steps[0]
            return whole
        if self.view == "grid":
            (rows, columns), patch = self.grid, self.patch
            cells = steps.reshape(rows, columns, patch, patch, self.channels)
            return cells.transpose(0, 2, 1, 3, 4).reshape(rows * patch, columns * patch, self.channels)
        strips = steps.reshape(-1, *self.step_shape[1:])
        return strips if self.view == "rows" else strips.transpose(1, 0, 2)

    def regions(self, image: Image) -> list[Region]:
        """Where each step stands in the image itself; what was added around it lies beyond 0 and 1."""
        if self.view == "vector":
            return [Region(0.0, 0.0, 1.0, 1.0)]
        height, width = self.size(image)
        if self.view != "grid":
            length, along = self.length(image), height if self.view == "rows" else width
            ends = [min(self.stack * step / along, 1.0) for step in range(length + 1)]
            if self.view == "rows":
                return [Region(0.0, begin, 1.0, end) for begin, end in pairwise(ends)]
            return [Region(begin, 0.0, end, 1.0) for begin, end in pairwise(ends)]
        inner = height, width
        if self.fit != "stretch":
            pick = max if self.fit == "crop" else min
            factor = pick(height / image.height, width / image.width)
            inner = round(image.height * factor), round(image.width * factor)
        ys = (np.arange(0, height + 1, self.patch) + (inner[0] - height) // 2) / inner[0]
        xs = (np.arange(0, width + 1, self.patch) + (inner[1] - width) // 2) / inner[1]
        return [
            Region(float(xs[column]), float(ys[row]), float(xs[column + 1]), float(ys[row + 1]))
            for row in range(self.grid[0])
            for column in range(self.grid[1])
        ]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "ImageCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        with reviving("images"):
            own = {name: description[name] for name in cls.__dataclass_fields__}
            mean, deviation = (tuple(map(float, own.pop(name))) for name in ("mean", "deviation"))
            return cls(mean=mean, deviation=deviation, **own)


def border(pixels: Values) -> Float32[np.ndarray, " channels"]:
    """The colour around an image: the median of its outermost pixels, of each channel by itself."""
    around = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    around.sort(axis=0)
    return np.asarray(around[len(around) // 2])


def framed(pixels: Values, around: tuple[tuple[int, int], tuple[int, int]]) -> Values:
    """Pixels with so many of their border's colour above and below, and at the left and right."""
    (top, bottom), (left, right) = around
    height, width, channels = pixels.shape
    found = np.empty((top + height + bottom, left + width + right, channels), np.float32)
    found[:] = border(pixels)
    found[top : top + height, left : left + width] = pixels
    return found

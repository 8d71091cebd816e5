"""Images of a live stream as scaled steps, without torch: whole, or line by line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.confinement import permitted
from recurra.data.image import Image, Pixels, open_image
from recurra.errors import DataError
from recurra.inputs.images.arrays import array_of
from recurra.inputs.images.codec import ImageCodec
from recurra.inputs.live import LiveInput
from recurra.streaming.convolution import Convolutions, blocks_of

PLACES = "places"
"""What is added to the cells of a grid is called so among the weights."""


class LiveImages(LiveInput):
    """The steps of an image, which a row holds as `image` (nested lists) or names as `path`, or a step of it.

    Of rows a step is `row`, of columns `column`: the numbers of its pixels, at the size that the net reads,
    of which white is that of training (1 where that read files). Convolutions see beyond a step: what is
    complete with a row is given with it, and what would be at the end of the image is `ahead`.

    Args:
        codec: Images to scaled steps.
        front: The convolutions, if there are some.
        places: (cells, channels) what is added to each cell of a grid, if something is.
    """

    columns = ("image",)

    def __init__(
        self,
        codec: ImageCodec,
        front: Convolutions | None = None,
        places: Float32[np.ndarray, "cells channels"] | None = None,
    ) -> None:
        self.codec, self._front, self._places = codec, front, places
        self.keeps = not codec.flat and codec.view != "grid"

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveImages":
        """Make it from what `ImageEncoding.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(ImageCodec.from_dict(metadata))

    def with_weights(self, arrays: Mapping[str, np.ndarray]) -> "LiveImages":
        """See `LiveInput.with_weights`; convolutions need theirs."""
        codec = self.codec
        if codec.flat:
            return self
        width = codec.width or 1 if codec.view == "grid" else codec.step_shape[1]
        blocks = {name: one for name, one in arrays.items() if name != PLACES}
        return LiveImages(codec, Convolutions(blocks_of(blocks), width), arrays.get(PLACES))

    def steps(self, row: Mapping[str, Any]) -> Sequence[Float32[np.ndarray, " features"]]:
        """The steps of a row, as if nothing were around it.

        Raises:
            DataError: There is no image in it, or it is of another size or scale.
        """
        found, kept = self.follow(row, b"")
        return [*found, *self.ahead(kept)]

    def follow(
        self, row: Mapping[str, Any], before: bytes
    ) -> tuple[Sequence[Float32[np.ndarray, " features"]], bytes]:
        """See `LiveInput.follow`; errors as of `steps`."""
        steps = self._read(row)
        if self._front is None:
            return list(steps), b""
        if self.codec.view == "grid":
            cells = self._front.whole(self.codec.pixels(steps)).reshape(len(steps), -1)
            return _flat(cells if self._places is None else cells + self._places), b""
        shape = self.codec.step_shape
        lines, kept = self._front.push(steps.reshape(-1, *shape[1:]), before)
        return _flat(lines), kept

    def ahead(self, kept: bytes) -> Sequence[Float32[np.ndarray, " features"]]:
        """See `LiveInput.ahead`: the steps that the convolutions have not seen the neighbours of."""
        return _flat(self._front.end(kept)) if self._front is not None and self.keeps else ()

    def _read(self, row: Mapping[str, Any]) -> Float32[np.ndarray, "time ..."]:
        """The steps that a row holds, before any convolution."""
        line = {"rows": "row", "columns": "column"}.get(self.codec.view, "")
        if row.get(line) is not None:
            return self._line(row[line], line)[None]
        if row.get("path") is not None:
            return self.codec.encode(open_image(permitted(Path(str(row["path"])))))
        wanted = "image" + (f", {line}" if line else "")
        if row.get("image") is None:
            raise DataError("a row without an image", f"one of {wanted}, path", "Add it.")
        return self.codec.encode(self._image(array_of(row["image"], "image")))

    def _image(self, array: np.ndarray) -> Image:
        low, high = float(array.min()), float(array.max())
        if not 0 <= low <= high <= self.codec.white * (1 + 1e-6):
            raise DataError(
                f"pixels from {low:g} to {high:g}",
                f"from 0 to {self.codec.white:g}, as in training",
                "Scale them so.",
            )
        return Pixels(array, self.codec.white)

    def _line(self, value: Any, name: str) -> Float32[np.ndarray, " features"]:
        """A step of the numbers of its pixels."""
        try:
            numbers = np.asarray(value, np.float32).ravel()
        except (TypeError, ValueError) as error:
            raise DataError(f"{name} holds {value!r}", "a list of numbers", "Correct the row.") from error
        if numbers.size != self.codec.step_size:
            raise DataError(
                f"a {name} of {numbers.size} numbers",
                f"{self.codec.step_size}, as the net reads at a step",
                "Scale the image first, or give it whole.",
            )
        pixels = self._image(numbers.reshape(self.codec.step_shape))
        scaled = pixels.scaled(pixels.height, pixels.width, self.codec.channels)
        mean, deviation = (np.array(one, np.float32) for one in (self.codec.mean, self.codec.deviation))
        return np.asarray((scaled - mean) / deviation, np.float32).ravel()


def _flat(lines: Float32[np.ndarray, "lines ..."]) -> Sequence[Float32[np.ndarray, " features"]]:
    """The numbers of each line."""
    return [np.ascontiguousarray(line).ravel() for line in lines]

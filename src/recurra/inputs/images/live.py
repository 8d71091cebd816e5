"""Images of a live stream as scaled steps, without torch: whole, or line by line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.image import Image, Pixels, open_image
from recurra.errors import ConfigError, DataError
from recurra.inputs.images.arrays import array_of
from recurra.inputs.images.codec import ImageCodec
from recurra.inputs.live import LiveInput


class LiveImages(LiveInput):
    """The steps of an image, which a row holds as `image` (nested lists) or names as `path`, or a step of it.

    Of rows a step is `row`, of columns `column`: the numbers of its pixels, at the size that the net reads,
    of which white is that of training (1 where that read files).

    Args:
        codec: Images to scaled steps.
    """

    columns = ("image",)

    def __init__(self, codec: ImageCodec) -> None:
        self.codec = codec

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveImages":
        """Make it from what `ImageEncoding.to_dict` gave.

        Raises:
            ConfigError: The net reads more than a step at a time.
            DamagedError: A part is missing.
        """
        codec = ImageCodec.from_dict(metadata)
        if not codec.flat:
            raise ConfigError(
                "front=convolution, which sees the steps around each",
                "front=none, so that a step is enough",
                "Train with front=none bidirectional=false.",
            )
        return cls(codec)

    def steps(self, row: Mapping[str, Any]) -> Sequence[Float32[np.ndarray, " features"]]:
        """The steps of a row.

        Raises:
            DataError: There is no image in it, or it is of another size or scale.
        """
        line = {"rows": "row", "columns": "column"}.get(self.codec.view, "")
        if row.get(line) is not None:
            return [self._line(row[line], line)]
        if row.get("path") is not None:
            return list(self.codec.encode(open_image(Path(str(row["path"])).expanduser())))
        wanted = "image" + (f", {line}" if line else "")
        if row.get("image") is None:
            raise DataError("a row without an image", f"one of {wanted}, path", "Add it.")
        array = array_of(row["image"], "image")
        return list(self.codec.encode(self._image(array)))

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

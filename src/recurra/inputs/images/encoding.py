"""What was learnt of the images of the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.image import Image
from recurra.errors import ConfigError
from recurra.inputs.images.codec import ImageCodec
from recurra.inputs.images.config import ImagesConfig
from recurra.inputs.images.reader import resolved
from recurra.inputs.images.variation import Variation
from recurra.inputs.input import Encoding, Feature
from recurra.inputs.region import Region
from recurra.inputs.revival import reviving
from recurra.inputs.scales import scales_of, spread

_SEEN = 1_000  # images that means and deviations are taken of, spread over all
_LEAST = 1e-3  # of deviations: images of one colour are not scaled up
_CHANNELS = {1: ("",), 3: (" red", " green", " blue")}


class ImageEncoding(Encoding):
    """How images become arrays (time, along, across, channels), each when it is needed.

    Without a front of convolutions steps are lists of numbers: (time, features).

    Args:
        codec: Images to scaled steps.
        variation: What training does to them.
    """

    on_demand = True

    def __init__(self, codec: ImageCodec, variation: Variation) -> None:
        self.codec, self.variation = codec, variation
        self.one_step = codec.view == "vector"

    @classmethod
    def learn(cls, contents: Sequence[Image], config: ImagesConfig) -> "ImageEncoding":
        """Learn the scales of the training part.

        Raises:
            ConfigError: Settings do not go together.
            DataError: An image cannot be read.
        """
        config = config.model_copy(update=resolved(contents, config))
        codec = _codec(config)
        if config.standardize:
            pixels = (codec.fitted(one).reshape(-1, codec.channels) for one in spread(contents, _SEEN))
            codec = replace(codec, **scales_of(pixels, _LEAST)._asdict())
        return cls(codec, Variation.of(config))

    def encode(self, content: Image) -> Float32[np.ndarray, "time ..."]:
        """Scaled steps; see `ImageCodec.encode`."""
        return self.codec.encode(content)

    def length(self, content: Image) -> int:
        """Steps of an image, by its header."""
        return self.codec.length(content)

    def regions(self, content: Image) -> list[Region]:
        """See `ImageCodec.regions`."""
        return self.codec.regions(content)

    def features(self) -> list[Feature]:
        """The pixels of a step, by their place in it, where steps are lists of numbers."""
        codec = self.codec
        if not codec.flat:
            return []
        along, across, channels = codec.step_shape
        scales = list(zip(_CHANNELS[channels], codec.mean, codec.deviation, strict=True))
        strips = codec.view in ("rows", "columns")
        return [
            Feature(
                f"pixel {_place(second, first, strips=strips, thick=along > 1)}{colour}", 1, mean, deviation
            )
            for first in range(along)
            for second in range(across)
            for colour, mean, deviation in scales
        ]

    def augment(
        self, encoded: Float32[np.ndarray, "time ..."], random: np.random.Generator
    ) -> Float32[np.ndarray, "_varied ..."]:
        """See `Variation.pixels`."""
        along = {"rows": 0, "columns": 1}.get(self.codec.view)
        pixels = self.codec.pixels(encoded)
        varied = self.variation.pixels(pixels, random, along)
        return encoded if varied is pixels else self.codec.steps(varied)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {**self.codec.to_dict(), "variation": asdict(self.variation)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "ImageEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        codec = ImageCodec.from_dict(description)
        with reviving("images"):
            return cls(codec, Variation(**description["variation"]))


def _place(across: int, along: int, *, strips: bool, thick: bool) -> str:
    if strips and not thick:
        return str(across + 1)
    return f"{across + 1} of line {along + 1}"


def _codec(config: ImagesConfig) -> ImageCodec:
    """The codec that settings ask for, with pixels from 0 to 1.

    Raises:
        ConfigError: Settings do not go together.
    """
    channels = 3 if config.color else 1
    height, width = (None if size == "auto" else int(size) for size in (config.height, config.width))
    if config.view == "grid" and ((height or 0) % config.patch or (width or 0) % config.patch):
        raise ConfigError(
            f"a grid of {height} x {width} pixels with patch={config.patch}",
            "a height and a width that are multiples of the patch",
            "Change height, width or patch.",
        )
    if config.view == "vector" and config.front == "convolution":
        raise ConfigError(
            "front=convolution with view=vector", "one of the two", "Set view=rows, or leave front out."
        )
    view: Any = config.view
    return ImageCodec(
        view=view,
        height=height,
        width=width,
        fit=config.fit,
        channels=channels,
        stack=config.stack,
        patch=config.patch,
        max_length=config.max_length,
        flat=config.front == "none" or view == "vector",
        mean=(0.0,) * channels,
        deviation=(1.0,) * channels,
        white=1.0 if config.white == "auto" else float(config.white),
    )

"""Images without their order: their pixels at a small size, for baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.data.image import Image
from recurra.inputs.images.codec import ImageCodec
from recurra.inputs.images.config import ImagesConfig
from recurra.inputs.images.encoding import ImageEncoding
from recurra.inputs.input import Summary

_SIDE = 16


class PixelSummary(Summary):
    """All pixels of an image at a small size, and how wide it is.

    Args:
        codec: Images to one step.
    """

    def __init__(self, codec: ImageCodec) -> None:
        self._codec = codec

    @classmethod
    def learn(cls, contents: Sequence[Image]) -> "PixelSummary":
        """See `Summary.learn`."""
        config = ImagesConfig(view="vector", height=_SIDE, width=_SIDE, fit="stretch", white=1.0)
        return cls(ImageEncoding.learn(contents, config).codec)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "PixelSummary":
        """See `Summary.from_dict`."""
        return cls(ImageCodec.from_dict(description))

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return self._codec.to_dict()

    def numbers(self, contents: Sequence[Image]) -> Any:
        """See `Summary.numbers`."""
        rows = [
            np.append(self._codec.encode(image).ravel(), np.log(image.width / image.height))
            for image in contents
        ]
        return np.array(rows, np.float64).reshape(len(contents), self._codec.step_size + 1)

"""What was learnt of the ink of the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.inputs.input import Encoding, Feature
from recurra.inputs.revival import reviving
from recurra.inputs.strokes.codec import StrokesCodec
from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.ink import Ink
from recurra.inputs.strokes.variation import Variation


class StrokesEncoding(Encoding):
    """How ink becomes arrays (time, features), and moves that a net goes on with.

    Args:
        codec: Ink to scaled steps.
        variation: What training does to it.
    """

    def __init__(self, codec: StrokesCodec, variation: Variation) -> None:
        self.codec, self.variation = codec, variation

    @classmethod
    def learn(cls, contents: Sequence[Ink], config: StrokesConfig) -> "StrokesEncoding":
        """Learn the scales of the training part."""
        own = {
            name: getattr(config, name)
            for name in ("spacing", "position", "timing", "pressure", "pen", "max_length")
        }
        turned = all(one.turned for one in contents)  # as points of the same pen are, when they come live
        own |= {
            "upward": config.y_axis == "up" or (config.y_axis == "auto" and turned),
            "axes": config.layout == "axes",
        }
        codec = StrokesCodec(height=0.0, **own)
        if config.size == "data":
            heights = [codec.size(one.head(config.max_length)) for one in contents]
            codec = StrokesCodec(height=float(np.median(heights)), **own)
        codec = codec.learn_scales(contents, standardize=config.standardize)
        return cls(codec, Variation.of(config))

    def encode(self, content: Ink) -> Float32[np.ndarray, "time features"]:
        """Scaled steps; see `StrokesCodec.encode`."""
        return self.codec.encode(content)

    def moves(self, content: Ink) -> Float32[np.ndarray, "time 3"]:
        """See `StrokesCodec.moves`."""
        return self.codec.moves(content)

    @property
    def unit(self) -> float:
        """How long a move of 1 is, in the numbers of the ink; in heights where each has its own."""
        return self.codec.unit * (self.codec.height or 1.0)

    def features(self) -> list[Feature]:
        """See `StrokesCodec.names`."""
        codec = self.codec
        plain = [(0.0, 1.0)] * len(codec.names)
        scales = list(zip(codec.mean, codec.deviation, strict=True)) or plain
        return [Feature(name, 1, *scale) for name, scale in zip(codec.names, scales, strict=True)]

    def vary(self, content: Ink, random: np.random.Generator) -> Ink:
        """See `Variation.ink`."""
        return self.variation.ink(content, content.extent[1], random)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {**self.codec.to_dict(), "variation": asdict(self.variation)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "StrokesEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        codec = StrokesCodec.from_dict(description)
        with reviving("ink"):
            return cls(codec, Variation(**description["variation"]))

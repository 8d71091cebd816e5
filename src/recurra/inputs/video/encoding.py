"""What was learnt of the videos of the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from recurra.data.video import Video
from recurra.errors import ConfigError
from recurra.inputs.input import Encoding
from recurra.inputs.revival import reviving
from recurra.inputs.scales import scales_of, spread
from recurra.inputs.video.codec import Frames, VideoCodec
from recurra.inputs.video.config import VideoConfig

_SEEN = 200  # videos that means and deviations are taken of, spread over all
_LEAST = 1e-3  # of deviations: videos of one colour are not scaled up


@dataclass(frozen=True)
class Variation:
    """How far training varies videos; fields as in `VideoConfig`."""

    shift: float
    contrast: float
    stretch: float
    noise: float
    mirror: float

    @classmethod
    def of(cls, config: VideoConfig) -> "Variation":
        """As the settings say."""
        return cls(**{name: getattr(config, name) for name in cls.__dataclass_fields__})

    def frames(
        self, frames: Frames, random: np.random.Generator
    ) -> Float32[np.ndarray, "varied height width channels"]:
        """Scaled frames, varied alike from the first to the last; themselves where nothing varies."""
        drawn = random.uniform(-1, 1, 6)
        if drawn[0] < 2 * self.mirror - 1:
            frames = frames[:, :, ::-1]
        if self.stretch:
            length = max(1, round(len(frames) * (1 + self.stretch * drawn[1])))
            frames = frames[np.linspace(0, len(frames) - 1, length).round().astype(int)]
        if self.shift:
            most = self.shift * min(frames.shape[1:3])
            frames = _moved(frames, round(most * drawn[2]), round(most * drawn[3]))
        if self.contrast:
            factor, more = 1 + self.contrast * drawn[4], self.contrast * drawn[5]
            frames = frames * np.float32(factor) + np.float32(more)
        if self.noise:
            frames = frames + np.float32(self.noise) * random.standard_normal(frames.shape, np.float32)
        return frames


def _moved(frames: Frames, down: int, right: int) -> Frames:
    """Frames of other places; what comes in is the pixel at the edge."""
    height, width = frames.shape[1:3]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return frames[:, rows[:, None], columns]


class VideoEncoding(Encoding):
    """How videos become arrays (time, height, width, channels), each when it is needed.

    Args:
        codec: Videos to scaled frames.
        variation: What training does to them.
    """

    on_demand = True

    def __init__(self, codec: VideoCodec, variation: Variation) -> None:
        self.codec, self.variation = codec, variation

    @property
    def step_seconds(self) -> float:
        """From one frame that is read to the next."""
        return 1 / self.codec.rate

    @classmethod
    def learn(cls, contents: Sequence[Video], config: VideoConfig) -> "VideoEncoding":
        """Learn the scales of the training part.

        Raises:
            ConfigError: Frames are no whole number of cells high or wide.
            DataError: A video cannot be read.
        """
        if config.height % config.pixels_of_cell or config.width % config.pixels_of_cell:
            raise ConfigError(
                f"frames of {config.height} x {config.width} pixels with patch={config.pixels_of_cell}",
                "a height and a width that are multiples of the patch",
                "Change height, width or patch.",
            )
        channels = 3 if config.color else 1
        plain = (0.0,) * channels, (1.0,) * channels
        codec = VideoCodec(config.rate, config.height, config.width, channels, *plain)
        if config.standardize:
            pixels = (codec.encode(one).reshape(-1, channels) for one in spread(contents, _SEEN))
            codec = replace(codec, **scales_of(pixels, _LEAST)._asdict())
        return cls(codec, Variation.of(config))

    def encode(self, content: Video) -> Frames:
        """Scaled frames; see `VideoCodec.encode`."""
        return self.codec.encode(content)

    def keep(self, content: Video) -> UInt8[np.ndarray, "time height width channels"]:
        """Its pixels, a byte each."""
        return self.codec.pixels(content, self.codec.rate)

    def unfold(self, kept: UInt8[np.ndarray, "time height width channels"]) -> Frames:
        """See `VideoCodec.scaled`."""
        return self.codec.scaled(kept)

    def length(self, content: Video) -> int:
        """Steps of a video, by the times in its file."""
        return self.codec.length(content)

    def augment(
        self, encoded: Frames, random: np.random.Generator
    ) -> Float32[np.ndarray, "varied height width channels"]:
        """See `Variation.frames`."""
        return np.ascontiguousarray(self.variation.frames(encoded, random))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {**self.codec.to_dict(), "variation": asdict(self.variation)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "VideoEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        codec = VideoCodec.from_dict(description)
        with reviving("videos"):
            return cls(codec, Variation(**description["variation"]))

"""Videos as scaled frames; nothing here needs torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from recurra.data.video import Video, frames_of
from recurra.inputs.revival import reviving

_WHITE = 255
Frames = Float32[np.ndarray, "time height width channels"]


@dataclass(frozen=True)
class VideoCodec:
    """How videos become steps.

    Attributes:
        rate: Frames a second.
        height, width: Pixels of a frame.
        channels: 1 of grey, 3 of colours.
        mean, deviation: (channels,) what pixels are scaled by.
    """

    rate: float
    height: int
    width: int
    channels: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def length(self, video: Video) -> int:
        """Steps of a video, by the times in its file."""
        return video.steps(self.rate)

    def pixels(self, video: Video, rate: float) -> UInt8[np.ndarray, "time height width channels"]:
        """The frames of a video, small, at so many a second.

        Raises:
            DataError: It cannot be read.
        """
        found = np.empty((video.steps(rate), self.height, self.width, self.channels), np.uint8)
        size, grey = (self.height, self.width), self.channels == 1
        for place, frame in enumerate(frames_of(video, rate, size, grey=grey, steps=len(found))):
            found[place] = frame
        return found

    def encode(self, video: Video, rate: float | None = None) -> Frames:
        """A video as scaled frames; `rate` in place of its own. Errors as of `pixels`."""
        return self.scaled(self.pixels(video, rate or self.rate))

    def scaled(self, pixels: UInt8[np.ndarray, "time height width channels"]) -> Frames:
        """Pixels by their mean and deviation."""
        scale = np.array(self.deviation, np.float32) * _WHITE
        middle = np.array(self.mean, np.float32) * _WHITE
        return (pixels - middle) / scale

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "VideoCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        with reviving("videos"):
            own = {name: description[name] for name in cls.__dataclass_fields__}
            mean, deviation = (tuple(map(float, own.pop(name))) for name in ("mean", "deviation"))
            return cls(mean=mean, deviation=deviation, **own)

"""Videos without their order: what frames look like on the whole, and how much they change."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.data.video import Video
from recurra.inputs.input import Summary
from recurra.inputs.video.codec import VideoCodec

_SIDE, _RATE = 8, 4.0


class FrameSummary(Summary):
    """Mean and deviation of every pixel over time, the mean change of each, and how long the video is.

    Args:
        codec: Videos to small frames.
    """

    def __init__(self, codec: VideoCodec) -> None:
        self._codec = codec

    @classmethod
    def learn(cls, contents: Sequence[Video]) -> "FrameSummary":
        """See `Summary.learn`."""
        del contents
        return cls(VideoCodec(_RATE, _SIDE, _SIDE, 3, (0.0,) * 3, (1.0,) * 3))

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "FrameSummary":
        """See `Summary.from_dict`."""
        return cls(VideoCodec.from_dict(description))

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return self._codec.to_dict()

    def numbers(self, contents: Sequence[Video]) -> Any:
        """See `Summary.numbers`."""
        rows = []
        for video in contents:
            frames = self._codec.encode(video).astype(np.float64)
            change = np.abs(np.diff(frames, axis=0)).mean(axis=0) if len(frames) > 1 else 0 * frames[0]
            parts = [frames.mean(axis=0), frames.std(axis=0), change]
            rows.append(np.append(np.stack(parts).ravel(), np.log(max(video.seconds, 1e-3))))
        return np.array(rows, np.float64).reshape(len(contents), -1)

"""Frames of a live stream through the convolutions that see each, without torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.confinement import permitted
from recurra.data.video import Frame, frame_of_file, frame_of_numbers, is_video, open_video
from recurra.errors import ArtifactError, DataError
from recurra.inputs.live import LiveInput
from recurra.inputs.video.codec import VideoCodec
from recurra.streaming.convolution import Convolutions, blocks_of
from recurra.streaming.points import TENTHS, points_of

SHARPNESS = "sharpness"
"""What the sharpness of points is called among the weights."""
_WHITE = 255


class LiveVideo(LiveInput):
    """A step for each frame, which a row holds as `frame` or names as `path`.

    A frame is [row][column] or [row][column][channel], white being 255; a path that of a picture, or of a
    video, whose frames at the rate of the net are all read.

    Args:
        codec: Frames to scaled pixels.
        front: The convolutions.
        sharpness: Of each of their channels, where points are read; None where cells are.
    """

    columns = ("frame",)

    def __init__(
        self,
        codec: VideoCodec,
        front: Convolutions | None = None,
        sharpness: Float32[np.ndarray, " channels"] | None = None,
    ) -> None:
        self.codec, self._front, self._sharpness = codec, front, sharpness
        self.keeps = sharpness is not None

    @property
    def rate(self) -> float:
        """See `SeesVideo`."""
        return self.codec.rate

    @property
    def frame_size(self) -> tuple[int, int]:
        """See `SeesVideo`."""
        return self.codec.height, self.codec.width

    @property
    def grey(self) -> bool:
        """See `SeesVideo`."""
        return self.codec.channels == 1

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveVideo":
        """Make it from what `VideoEncoding.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(VideoCodec.from_dict(metadata))

    def with_weights(self, arrays: Mapping[str, np.ndarray]) -> "LiveVideo":
        """See `LiveInput.with_weights`."""
        blocks = {name: one for name, one in arrays.items() if name != SHARPNESS}
        return LiveVideo(self.codec, Convolutions(blocks_of(blocks), self.codec.width), arrays.get(SHARPNESS))

    def steps(self, row: Mapping[str, Any]) -> Sequence[Float32[np.ndarray, " features"]]:
        """What is found in the frames of a row, as if none came before.

        Raises:
            DataError: There is no frame in it, or none that can be read.
        """
        return self.follow(row, b"")[0]

    def follow(
        self, row: Mapping[str, Any], before: bytes
    ) -> tuple[Sequence[Float32[np.ndarray, " features"]], bytes]:
        """See `LiveInput.follow`: the points of the frame before are kept, for how fast they move.

        Raises:
            ArtifactError: What was kept is damaged.
            DataError: As `steps`.
        """
        if self._front is None:
            raise RuntimeError("with_weights was not called")
        maps = [self._front.whole(frame) for frame in self.codec.scaled(self._pixels(row))]
        if self._sharpness is None:
            return [one.ravel() for one in maps], b""
        last = _unpacked(before, len(self._sharpness)) if before else None
        found = []
        for one in maps:
            points, largest = points_of(one, self._sharpness)
            moves = (points - (points if last is None else last)) * np.float32(TENTHS * self.codec.rate)
            found.append(np.concatenate([points.ravel(), largest, moves.ravel()]))
            last = points
        return found, b"" if last is None else last.astype("<f4").tobytes()

    def _pixels(self, row: Mapping[str, Any]) -> np.ndarray:
        """(frames, height, width, channels) of a row."""
        size, grey = self.frame_size, self.grey
        if row.get("frame") is not None:
            return frame_of_numbers(_whole(row["frame"]), size, grey=grey)[None]
        if row.get("path") is None:
            raise DataError("a row without a frame", "one of frame, path", "Add it.")
        path = permitted(Path(str(row["path"])))
        if is_video(path):
            return self.codec.pixels(open_video(path), self.codec.rate)
        return frame_of_file(path, size, grey=grey)[None]


def _whole(given: Any) -> Frame:
    """Nested lists of whole numbers from 0 to 255 as (height, width, channels).

    Raises:
        DataError: They are none.
    """
    try:
        array = np.asarray(given)
    except ValueError:  # rows of different lengths
        array = np.zeros(0)
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or array.dtype.kind not in "iu" or array.shape[2] not in (1, 3) or not array.size:
        raise DataError(
            "frame holds no picture",
            f"whole numbers from 0 to {_WHITE}, [row][column] or [row][column][channel] of 1 or 3 channels",
            "Correct the row.",
        )
    if array.min() < 0 or array.max() > _WHITE:
        raise DataError(
            f"pixels from {array.min()} to {array.max()}", f"from 0 to {_WHITE}", "Scale them so."
        )
    return array.astype(np.uint8)


def _unpacked(kept: bytes, channels: int) -> Float32[np.ndarray, "channels 2"]:
    """The points that were kept.

    Raises:
        ArtifactError: They are damaged.
    """
    points = np.frombuffer(kept, "<f4").astype(np.float32) if len(kept) == 8 * channels else np.zeros(0)
    if not points.size or not np.isfinite(points).all():
        raise ArtifactError("points of a frame that are damaged", "them as they were left", "Begin anew.")
    return points.reshape(channels, 2)

"""Frames of a live stream as scaled steps, without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.live import LiveInput
from recurra.inputs.motion.body import Carried
from recurra.inputs.motion.codec import MotionCodec
from recurra.inputs.motion.motion import Motion


class LiveMotion(LiveInput):
    """The joints of a frame, or of several; each is seen as the frames before have it.

    Args:
        codec: Motions to scaled steps.
    """

    keeps = True

    def __init__(self, codec: MotionCodec) -> None:
        self.codec = codec
        self.columns = codec.columns or ("frames",)

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveMotion":
        """Make it from what `MotionEncoding.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(MotionCodec.from_dict(metadata))

    def steps(self, row: Mapping[str, Any]) -> list[Float32[np.ndarray, " features"]]:
        """The steps with which a motion begins.

        `frames` holds (joints, axes) or (time, joints, axes); or each axis of each joint has its own column,
        as in training, with a number or a list of them.

        Raises:
            DataError: There are none, or they are of another body.
        """
        return self.follow(row, b"")[0]

    def follow(
        self, row: Mapping[str, Any], before: bytes
    ) -> tuple[list[Float32[np.ndarray, " features"]], bytes]:
        """See `LiveInput.follow`.

        Raises:
            ArtifactError: What is kept is damaged.
            DataError: As `steps`.
        """
        carried = Carried.from_bytes(before, self.codec.body.carried_shape) if before else None
        motion = Motion(self.codec.joints, frames_of(self._frames(row), "a row"))
        steps, carried = self.codec.follow(motion, carried)
        return list(steps), carried.to_bytes()

    def _frames(self, row: Mapping[str, Any]) -> Any:
        """What a row holds of joints, as nested lists."""
        if "frames" in row or not self.codec.columns:
            return row.get("frames")
        absent = [name for name in self.codec.columns if name not in row]
        if absent:
            raise DataError(
                f"a row without {listed(absent)}",
                f"values of {listed(self.codec.columns, 30)}",
                "Add them; null where a joint is not seen.",
            )
        values = [row[name] for name in self.codec.columns]
        lists = [one if isinstance(one, list | tuple) else [one] for one in values]
        if len({len(one) for one in lists}) > 1:
            raise DataError("lists of different lengths", "a number for each frame", "Correct the row.")
        axes = len(lists) // len(self.codec.joints)
        numbers = [[None if one == "" else one for one in frame] for frame in zip(*lists, strict=True)]
        return [[frame[at : at + axes] for at in range(0, len(frame), axes)] for frame in numbers]


def frames_of(given: Any, place: str) -> Float32[np.ndarray, "time joints axes"]:
    """Nested lists of a frame, or of frames, as an array; None stands for what was not seen.

    A frame whose joints are all at one place shows none: trackers that have lost a body write zeros.

    Raises:
        DataError: They are none of these, or hold an infinite number.
    """
    try:
        with np.errstate(over="ignore"):
            values = np.array(given, dtype=np.float64).astype(np.float32)
    except (OverflowError, TypeError, ValueError) as error:
        raise _no_frames(place) from error
    values = values[None] if values.ndim == 2 else values
    if values.ndim != 3 or values.shape[2] not in (2, 3) or not values.size:
        raise _no_frames(place)
    if np.isinf(values).any():
        raise DataError(f"{place}: an infinite number", "finite ones, or none", "Write null for it.")
    if values.shape[1] > 1:
        values[(values == values[:, :1]).all(axis=(1, 2))] = np.nan
    return values


def _no_frames(place: str) -> DataError:
    return DataError(
        f"{place}: no frames of joints",
        "a list of frames, each a list of joints, each a list of two or three numbers or nulls",
        "Correct it; a joint that was not seen has nulls.",
    )

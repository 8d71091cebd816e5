"""A motion: where the joints of a body are in every frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from recurra.data.naming import listed
from recurra.errors import DataError


@dataclass(frozen=True, eq=False)
class Motion:
    """Joints over time.

    Attributes:
        joints: Their names.
        positions: (time, joints, axes) with two or three axes; NaN where a joint was not seen.
        columns: (joints * axes,) the columns of a table that they came from, if each has its own.
    """

    joints: tuple[str, ...]
    positions: Float32[np.ndarray, "time joints axes"]
    columns: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether joints have names of their own, so that their order does not matter."""
        return self.joints != numbered_joints(len(self.joints))

    def arranged(self, joints: tuple[str, ...]) -> "Motion":
        """The same with joints in this order, by their names where they have some.

        Raises:
            DataError: One is not there.
        """
        if not self.named or self.joints == joints:
            return self
        missing = [name for name in joints if name not in self.joints]
        if missing:
            raise DataError(
                f"a motion without {listed(map(repr, missing))}",
                f"the joints {listed(joints, 30)}",
                "Name the joints as in training.",
            )
        return Motion(joints, self.positions[:, [self.joints.index(name) for name in joints]], self.columns)

    def head(self, frames: int) -> "Motion":
        """Its first frames."""
        return Motion(self.joints, self.positions[:frames], self.columns)

    def __len__(self) -> int:
        """How many frames."""
        return len(self.positions)

    def __iter__(self) -> Iterator[Float32[np.ndarray, "joints axes"]]:
        return iter(self.positions)

    def __getitem__(self, frame: int) -> Float32[np.ndarray, "joints axes"]:
        found: Float32[np.ndarray, "joints axes"] = self.positions[frame]
        return found


def numbered_joints(count: int) -> tuple[str, ...]:
    """What joints are called where nothing says it."""
    return tuple(f"joint {number}" for number in range(count))


def show(motion: Motion) -> str:
    """A motion in one line."""
    frames, joints, axes = motion.positions.shape
    unseen = float(np.isnan(motion.positions).any(axis=2).mean())
    gaps = f", {unseen:.1%} of them not seen" if unseen else ""
    return f"{frames:,} frames of {joints} joints in {axes} dimensions{gaps}"

"""Motions as scaled steps; nothing here needs torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import DataError
from recurra.inputs.motion.body import Body, Carried, Seen
from recurra.inputs.motion.motion import Motion
from recurra.inputs.motion.skeleton import Skeleton
from recurra.inputs.revival import reviving
from recurra.inputs.scales import scales_of

_LEAST = 1e-4  # of the size of a body: what varies by less is not scaled up
AXES = "xyz"


@dataclass(frozen=True)
class MotionCodec:
    """How motions become steps: joints from the root, how all have moved, then what is asked for.

    Attributes:
        joints: Their names.
        body: How frames are seen.
        bones: Whether they hold each joint from the next one towards the root.
        gaps: The joints of which steps say when they are not seen.
        max_length: Most frames that are read.
        mean, deviation: (features,) what numbers are scaled by.
        columns: As of `Motion`.
    """

    joints: tuple[str, ...]
    body: Body
    bones: bool
    gaps: tuple[int, ...]
    max_length: int
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    columns: tuple[str, ...] = ()

    def learn_scales(self, motions: Sequence[Motion], *, by_kind: bool) -> "MotionCodec":
        """The same with mean and deviation of its numbers in some motions; see `MotionConfig.scaled_by`."""
        numbers = (
            self._numbers(self.body.see(one.head(self.max_length).positions, None)[0]) for one in motions
        )
        kinds = self._kinds if by_kind else ()
        scales = scales_of(numbers, _LEAST * self._extent, len(self.gaps), kinds)
        return replace(self, **scales._asdict())

    @property
    def _kinds(self) -> list[int]:
        """How many numbers of a step are positions, moves over each span, and bones."""
        joints, axes = len(self.joints), len(self.body.skeleton.pose[0])
        own = (joints - 1) * axes
        return [own, *(joints * axes for _ in self.body.spans), *([own] if self.bones else [])]

    @property
    def _extent(self) -> float:
        return float(np.ptp(np.array(self.body.skeleton.pose), axis=0).max())

    @property
    def names(self) -> list[str]:
        """What each number of a step is called."""
        skeleton = self.body.skeleton
        axes = AXES[: len(skeleton.pose[0])]
        others = [self.joints[one] for one in skeleton.others]
        found = [f"{joint} {axis}" for joint in others for axis in axes]
        for span in self.body.spans:
            over = f" over {span}" if span > 1 else ""
            found += [f"{joint} moves {axis}{over}" for joint in self.joints for axis in axes]
        if self.bones:
            found += [f"bone to {joint} {axis}" for joint in others for axis in axes]
        return [*found, *(f"{self.joints[one]} not seen" for one in self.gaps)]

    def encode(self, motion: Motion) -> Float32[np.ndarray, "time features"]:
        """A whole motion as scaled steps.

        Raises:
            DataError: It is of another body.
        """
        return self.follow(motion.head(self.max_length), None)[0]

    def follow(
        self, motion: Motion, before: Carried | None
    ) -> tuple[Float32[np.ndarray, "time features"], Carried]:
        """The steps of frames that come after others, and what to keep; see `Body.see`.

        Raises:
            DataError: They are of another body.
        """
        seen, carried = self.body.see(self._arranged(motion), before)
        numbers = self._numbers(seen)
        if self.mean:
            numbers = (numbers - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return numbers, carried

    def _arranged(self, motion: Motion) -> Float32[np.ndarray, "time joints axes"]:
        """The joints in the order of training: by their names where these are known."""
        shape, expected = motion.positions.shape[1:], (len(self.joints), len(self.body.skeleton.pose[0]))
        if shape != expected:
            raise DataError(
                f"a motion of {shape[0]} joints in {shape[1]} dimensions",
                f"{expected[0]} joints in {expected[1]}, as in training",
                "Give the same joints in the same order; null where one is not seen.",
            )
        return motion.arranged(self.joints).positions

    def _numbers(self, seen: Seen) -> Float32[np.ndarray, "time features"]:
        skeleton, time = self.body.skeleton, len(seen.positions)
        others = skeleton.others
        parts = [seen.positions[:, others], *seen.moves]
        if self.bones:
            parts.append((seen.positions - seen.positions[:, list(skeleton.parents)])[:, others])
        flat = [one.reshape(time, -1) for one in parts]
        return np.concatenate([*flat, seen.missing[:, list(self.gaps)]], axis=1).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        own = {name: getattr(self, name) for name in ("bones", "max_length")}
        lists = {
            name: list(getattr(self, name)) for name in ("joints", "gaps", "mean", "deviation", "columns")
        }
        body = self.body
        of_body = {"skeleton": body.skeleton.to_dict(), "turn": body.turn, "spans": list(body.spans)}
        return {**of_body, **own, **lists}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "MotionCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        with reviving("motions"):
            skeleton, turn = Skeleton.from_dict(description["skeleton"]), bool(description["turn"])
            body = Body(skeleton, turn, tuple(description["spans"]))
            return cls(
                tuple(description["joints"]),
                body,
                bool(description["bones"]),
                tuple(description["gaps"]),
                int(description["max_length"]),
                tuple(description["mean"]),
                tuple(description["deviation"]),
                tuple(description["columns"]),
            )

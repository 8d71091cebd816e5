"""Positions as seen from the body, frame by frame; nothing here needs torch."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import safetensors
import safetensors.numpy
from jaxtyping import Bool, Float32

from recurra.errors import ArtifactError
from recurra.inputs.motion.skeleton import Skeleton


class Carried(NamedTuple):
    """What is kept of the frames before: how the first one was seen, and where each joint was.

    Attributes:
        view: (3,) the size of the body, and cosine and sine of the angle it is turned by; NaN until it is
            seen.
        last: (joints, axes) the last frame, with unseen joints where they had been.
        seen: (frames, joints, axes) the last frames as seen from the body, as far back as moves are told,
            those before the first like it; the root's row says where it was itself.
    """

    view: Float32[np.ndarray, " 3"]
    last: Float32[np.ndarray, "joints axes"]
    seen: Float32[np.ndarray, "frames joints axes"]

    @property
    def begun(self) -> bool:
        """Whether the body was seen."""
        return bool(self.view[0] > 0)

    def to_bytes(self) -> bytes:
        """As `from_bytes` reads it."""
        return bytes(
            safetensors.numpy.save({key: np.ascontiguousarray(one) for key, one in self._asdict().items()})
        )

    @classmethod
    def from_bytes(cls, content: bytes, shape: tuple[int, int, int]) -> "Carried":
        """What `to_bytes` gave.

        Raises:
            ArtifactError: It is damaged, or of another shape (frames, joints, axes).
        """
        try:
            found = cls(**safetensors.numpy.load(content))
        except (TypeError, safetensors.SafetensorError) as error:
            raise ArtifactError(
                f"a motion that is damaged ({error})", "one as it was left", "Begin anew."
            ) from error
        shapes = [one.shape for one in found] == [(3,), shape[1:], shape]
        if not shapes or any(one.dtype != np.float32 for one in found) or np.isinf(found.view).any():
            raise ArtifactError("a motion of another body", f"one of {shape[1]} joints", "Begin anew.")
        return found


class Seen(NamedTuple):
    """Frames as seen from the body.

    Attributes:
        positions: (time, joints, axes) from the root, in sizes of the body.
        moves: For each span (time, joints, axes), the change since so many frames before, or since the first
            one; that of the root is how it has moved itself.
        missing: (time, joints) which joints were not seen.
    """

    positions: Float32[np.ndarray, "time joints axes"]
    moves: tuple[Float32[np.ndarray, "time joints axes"], ...]
    missing: Bool[np.ndarray, "time joints"]


@dataclass(frozen=True)
class Body:
    """How frames are seen.

    Attributes:
        skeleton: What the body is like.
        turn: Whether it is turned to face the way of the skeleton's pose in its first frame.
        spans: Over how many frames moves are told.
    """

    skeleton: Skeleton
    turn: bool
    spans: tuple[int, ...]

    @property
    def carried_shape(self) -> tuple[int, int, int]:
        """(frames, joints, axes) of what is kept."""
        pose = self.skeleton.pose
        return max(self.spans, default=0), len(pose), len(pose[0])

    def see(
        self, positions: Float32[np.ndarray, "time joints axes"], before: Carried | None
    ) -> tuple[Seen, Carried]:
        """Frames from the body's own place, and what to keep for those that follow.

        The first frame that shows the root says how large the body is and which way it faces; before that it
        stands in the skeleton's pose. A joint that is not seen stays where it was; before it is seen at all,
        it is where the pose has it. Frames one by one give the bits of all at once.

        Args:
            positions: At least one frame; NaN where a joint was not seen.
            before: What an earlier call kept; None: motion begins.
        """
        missing = np.isnan(positions).any(axis=2)
        if before is not None and before.begun:
            return self._go_on(positions, missing, before)
        waits = int(missing[:, self.skeleton.root].argmin())
        if missing[waits, self.skeleton.root]:
            waits = len(positions)
        pose = np.array(self.skeleton.pose, np.float32)
        still = np.broadcast_to(pose, (waits, *pose.shape))
        unmoved, hidden = tuple(np.zeros_like(still) for _ in self.spans), np.ones((waits, len(pose)), bool)
        if waits == len(positions):
            nothing = Carried(np.full(3, np.nan, np.float32), pose, np.zeros(self.carried_shape, np.float32))
            return Seen(still, unmoved, hidden), nothing
        first = positions[waits]
        view = self._view(first)
        last = self._start(first, view)
        shown = _held(first[None], missing[waits : waits + 1], last)
        path = self._with_root(self._seen_from_root(shown, view), shown, view)
        begun = Carried(view, shown[0], np.repeat(path, self.carried_shape[0], axis=0))
        found, kept = self._go_on(positions[waits:], missing[waits:], begun)
        moves = tuple(np.concatenate(pair) for pair in zip(unmoved, found.moves, strict=True))
        return Seen(
            np.concatenate([still, found.positions]), moves, np.concatenate([hidden, found.missing])
        ), kept

    def _go_on(
        self,
        positions: Float32[np.ndarray, "time joints axes"],
        missing: Bool[np.ndarray, "time joints"],
        before: Carried,
    ) -> tuple[Seen, Carried]:
        """Frames after others."""
        view, reach = before.view, len(before.seen)
        whole = _held(positions, missing, before.last)
        own = self._seen_from_root(whole, view)
        path = np.concatenate([before.seen, self._with_root(own, whole, view)])
        now = path[reach:]
        moves = tuple(now - path[reach - span : len(path) - span] for span in self.spans)
        return Seen(own, moves, missing), Carried(view, whole[-1], path[len(path) - reach :])

    def _with_root(
        self,
        own: Float32[np.ndarray, "time joints axes"],
        whole: Float32[np.ndarray, "time joints axes"],
        view: Float32[np.ndarray, " 3"],
    ) -> Float32[np.ndarray, "time joints axes"]:
        """Frames as seen from the root, and in its own row where it is itself."""
        root, found = self.skeleton.root, own.copy()
        found[:, root] = self._turned(whole[:, root, None] / view[0], view)[:, 0]
        return found

    def _seen_from_root(
        self, whole: Float32[np.ndarray, "time joints axes"], view: Float32[np.ndarray, " 3"]
    ) -> Float32[np.ndarray, "time joints axes"]:
        root = self.skeleton.root
        return self._turned((whole - whole[:, root : root + 1]) / view[0], view)

    def _view(self, first: Float32[np.ndarray, "joints axes"]) -> Float32[np.ndarray, " 3"]:
        angle = self.skeleton.facing(first) if self.turn else 0.0
        return np.array([self.skeleton.scale(first), np.cos(angle), np.sin(angle)], np.float32)

    def _start(
        self, first: Float32[np.ndarray, "joints axes"], view: Float32[np.ndarray, " 3"]
    ) -> Float32[np.ndarray, "joints axes"]:
        """Where joints are taken to be before the first frame: in the pose, about those that it shows."""
        backwards = view * np.array([1, 1, -1], np.float32)
        pose = self._turned(np.array(self.skeleton.pose, np.float32)[None], backwards)[0] * view[0]
        shown = ~np.isnan(first).any(axis=1)
        return np.asarray(pose + (first - pose)[shown].mean(axis=0), np.float32)

    def _turned(
        self, positions: Float32[np.ndarray, "time joints axes"], view: Float32[np.ndarray, " 3"]
    ) -> Float32[np.ndarray, "time joints axes"]:
        if not self.turn or positions.shape[2] < 3:
            return positions
        first, second = self.skeleton.level
        turned = positions.copy()
        turned[..., first] = view[1] * positions[..., first] - view[2] * positions[..., second]
        turned[..., second] = view[2] * positions[..., first] + view[1] * positions[..., second]
        return turned


def _held(
    positions: Float32[np.ndarray, "time joints axes"],
    missing: Bool[np.ndarray, "time joints"],
    last: Float32[np.ndarray, "joints axes"],
) -> Float32[np.ndarray, "time joints axes"]:
    """Frames in which unseen joints stay where they were."""
    if not missing.any():
        return positions
    from_which = np.where(missing, 0, np.arange(1, len(positions) + 1)[:, None])
    np.maximum.accumulate(from_which, axis=0, out=from_which)
    extended = np.concatenate([last[None], positions])
    return np.take_along_axis(extended, from_which[..., None], axis=0)

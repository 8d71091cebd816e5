"""What a body is like, learnt from how its joints move: its middle, its bones, its left and its right."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from recurra.data.naming import listed, suggestion
from recurra.errors import ConfigError, DataError
from recurra.inputs.motion.motion import Motion

_MOTIONS, _FRAMES = 300, 20  # that are looked at, and of each, spread over all
_SMALLEST = 0.01  # of the usual size: bodies that are smaller were not seen
_ROUNDS = 5  # of turning first frames towards their mean
_ALIKE = 0.7  # mean length of directions from which on bodies face about the same way
_SIDES = (r"(left|right)", r"(?<![a-z])([lr])(?![a-z])")
_SWAPPED = {"left": "right", "right": "left", "l": "r", "r": "l"}
_SPINE = 0.5  # by how much less a distance counts between joints in the middle
_STIFF = 10.0  # by how much more a distance counts that varies than one that is large


@dataclass(frozen=True)
class Skeleton:
    """A body of so many joints.

    Attributes:
        root: The joint that others are seen from.
        parents: Of each joint the next one towards the root; of the root itself.
        opposites: Of each joint that of the other side; itself in the middle.
        upright: The axis that points up.
        pose: (joints, axes) how bodies stand when motions begin, seen from the root.
        lengths: (joints,) of the bones to the parents.
    """

    root: int
    parents: tuple[int, ...]
    opposites: tuple[int, ...]
    upright: int
    pose: tuple[tuple[float, ...], ...]
    lengths: tuple[float, ...]

    @classmethod
    def learn(cls, motions: Sequence[Motion], root: int | str) -> "Skeleton":
        """Learn it from motions of the training part.

        Raises:
            ConfigError: There is no such root.
            DataError: No frame shows all joints.
        """
        far, sway = _distances(motions)
        middle = int(far.sum(axis=0).argmin()) if root == "auto" else _numbered(root, motions[0].joints)
        pose, upright = _pose(motions, middle)
        opposites = _named_opposites(motions[0].joints) or _opposites(pose, upright)
        parents = _parents(far + _STIFF * sway, middle, opposites)
        return cls(
            middle,
            tuple(parents),
            opposites,
            upright,
            tuple(map(tuple, pose.tolist())),
            tuple(far[range(len(parents)), parents].tolist()),
        )

    @cached_property
    def others(self) -> list[int]:
        """All joints but the root."""
        return [one for one in range(len(self.parents)) if one != self.root]

    @cached_property
    def outwards(self) -> list[int]:
        """All joints, each after the one that it hangs on."""
        found = [self.root]
        for joint in found:
            found += [one for one in self.others if self.parents[one] == joint]
        return found

    @cached_property
    def limbs(self) -> list[list[int]]:
        """The root, and chains of joints, each from where bones part to where they part anew."""
        limbs = {self.root: [self.root]}
        for joint in self.outwards[1:]:
            parent = self.parents[joint]
            follows = parent != self.root and self.parents.count(parent) == 1
            limbs[joint] = limbs[parent] if follows else []
            limbs[joint].append(joint)
        return [limb for joint, limb in limbs.items() if limb[0] == joint]

    @property
    def across(self) -> int:
        """The axis from one side to the other: that of the level ones along which bodies are widest."""
        return _across(np.array(self.pose), self.upright)

    @property
    def level(self) -> list[int]:
        """The axes beside the upright one."""
        return [axis for axis in range(len(self.pose[0])) if axis != self.upright]

    def scale(self, frame: Float32[np.ndarray, "joints axes"]) -> float:
        """How large a body is beside those of the training part, by the bones that a frame shows; else 1."""
        bones = np.linalg.norm(frame - frame[list(self.parents)], axis=-1)
        usual = np.array(self.lengths)
        seen = ~np.isnan(bones) & (usual > 0)
        if not seen.any():
            return 1.0
        found = float(np.median(bones[seen] / usual[seen]))
        return found if found > _SMALLEST else 1.0

    def facing(self, frame: Float32[np.ndarray, "joints axes"]) -> float:
        """By which angle about the vertical a body, whose root is seen, is turned; 0 in two dimensions.

        The angle of the rotation that brings the joints nearest to the pose (Kabsch 1976), in the plane.
        """
        level = self.level
        if len(level) < 2:
            return 0.0
        seen = ~np.isnan(frame).any(axis=1)
        own = (frame - frame[self.root])[seen][:, level].astype(np.float64)
        pose = np.array(self.pose)[seen][:, level]
        cross = own[:, 0] @ pose[:, 1] - own[:, 1] @ pose[:, 0]
        return float(np.arctan2(cross, (own * pose).sum()))

    def composed(
        self, bones: Float64[np.ndarray, "time joints axes"]
    ) -> Float64[np.ndarray, "time joints axes"]:
        """Joints whose places are given as seen from the ones that they hang on, from the root's zero."""
        found = bones.copy()
        for joint in self.outwards[1:]:
            found[:, joint] += found[:, self.parents[joint]]
        return found

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Skeleton":
        """The skeleton that `to_dict` described."""
        return cls(
            int(description["root"]),
            tuple(description["parents"]),
            tuple(description["opposites"]),
            int(description["upright"]),
            tuple(map(tuple, description["pose"])),
            tuple(description["lengths"]),
        )


def _numbered(root: int | str, joints: Sequence[str]) -> int:
    if isinstance(root, int) and 0 <= root < len(joints):
        return root
    if isinstance(root, str) and root in joints:
        return joints.index(root)
    raise ConfigError(
        f"root is {root!r}",
        f"a number from 0 to {len(joints) - 1}, or one of {listed(joints, 30)}",
        suggestion(str(root), joints, "Choose one of these, or auto."),
    )


def _distances(
    motions: Sequence[Motion],
) -> tuple[Float64[np.ndarray, "joints joints"], Float64[np.ndarray, "joints joints"]]:
    """How far joints are from each other, and how much that varies within a motion: bones keep their length.

    Raises:
        DataError: No frame shows all joints.
    """
    far, sway = [], []
    for motion in motions[:: max(1, len(motions) // _MOTIONS)]:
        whole = motion.positions[~np.isnan(motion.positions).any(axis=(1, 2))].astype(np.float64)
        if len(whole):
            frames = whole[:: max(1, len(whole) // _FRAMES)]
            apart = np.linalg.norm(frames[:, :, None] - frames[:, None], axis=-1)
            far.append(apart.mean(axis=0))
            sway.append(apart.var(axis=0))
    if not far:
        raise DataError(
            "motions of which no frame shows every joint", "one that does", "Leave out what is never seen."
        )
    return np.mean(far, axis=0), np.sqrt(np.mean(sway, axis=0))


def _parents(weights: Float64[np.ndarray, "joints joints"], root: int, opposites: Sequence[int]) -> list[int]:
    """The tree of least weights, seen from the root; no bone joins a joint to that of the other side.

    Joints in the middle are rather joined to each other: shoulders are as near to a spine as its ends are.
    """
    weights = weights + 1e-9  # none is no edge
    middle = np.array(opposites) == np.arange(len(opposites))
    weights[np.ix_(middle, middle)] *= _SPINE
    for joint, other in enumerate(opposites):
        if other != joint:
            weights[joint, other] = 1e9
    tree = minimum_spanning_tree(weights).toarray()
    _, parents = breadth_first_order(tree + tree.T, root, directed=False)
    parents[root] = root
    return [int(one) for one in parents]


def _pose(motions: Sequence[Motion], root: int) -> tuple[Float64[np.ndarray, "joints axes"], int]:
    """The mean of first whole frames, seen from the root, turned to face one way; and the upright axis."""
    whole = [one.positions[~np.isnan(one.positions).any(axis=(1, 2))] for one in motions]
    firsts = np.stack([one[0] - one[0][root] for one in whole if len(one)]).astype(np.float64)
    upright = int(np.ptp(firsts.mean(axis=0), axis=0).argmax())
    level = [axis for axis in range(firsts.shape[2]) if axis != upright]
    if len(level) < 2:
        return firsts.mean(axis=0), upright
    flat = firsts[..., level] @ np.array([1, 1j])
    mean = flat[0]
    for _ in range(_ROUNDS):
        fits = flat.conj() @ mean
        turns = np.where(np.abs(fits) > 0, fits / np.maximum(np.abs(fits), 1e-30), 1)
        mean = (flat * turns[:, None]).mean(axis=0)
    usual = turns.mean()
    if np.abs(usual) > _ALIKE:
        mean = mean * (usual.conj() / np.abs(usual))
    else:  # they face anywhere: the widest direction becomes the first level axis
        mean = mean * np.exp(-0.5j * np.angle(np.square(mean - mean.mean()).sum()))
    pose = firsts.mean(axis=0)
    pose[:, level] = np.stack([mean.real, mean.imag], axis=1)
    return pose, upright


def _named_opposites(joints: Sequence[str]) -> tuple[int, ...] | None:
    """The other sides of joints whose names say theirs; None where no name does."""
    places = {name.lower(): place for place, name in enumerate(joints)}
    for pattern in _SIDES:
        swapped = [re.sub(pattern, lambda side: _SWAPPED[side[1]], name.lower()) for name in joints]
        found = [places.get(name, place) for place, name in enumerate(swapped)]
        if found != list(range(len(joints))):
            return tuple(found)
    return None


def _opposites(pose: Float64[np.ndarray, "joints axes"], upright: int) -> tuple[int, ...]:
    """The other sides of joints, by which pairs lie nearest to each other in a mirror."""
    mirrored = pose.copy()
    mirrored[:, _across(pose, upright)] *= -1
    _, found = linear_sum_assignment(np.linalg.norm(mirrored[:, None] - pose[None], axis=-1))
    return tuple(int(one) if found[one] == place else place for place, one in enumerate(found))


def _across(pose: Float64[np.ndarray, "joints axes"], upright: int) -> int:
    level = [axis for axis in range(pose.shape[1]) if axis != upright]
    return max(level, key=lambda axis: float(np.ptp(pose[:, axis])))

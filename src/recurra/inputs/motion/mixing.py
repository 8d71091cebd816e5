"""One motion made of two of the same kind: limbs of the one on the body of the other."""

import numpy as np
from jaxtyping import Float64

from recurra.inputs.motion.motion import Motion
from recurra.inputs.motion.skeleton import Skeleton
from recurra.inputs.motion.variation import stretched


def mixed(motion: Motion, other: Motion, skeleton: Skeleton, random: np.random.Generator) -> Motion:
    """A motion in which each limb moves, by a coin, as in another, at the motion's own pace.

    What a limb takes over is how its bones point, from the joint on that it hangs on; for the root it is how
    the body goes. The lent bones are as large as the motion's own body, and joints that the lender does not
    show are not seen. Where either never shows its root, it is the motion itself.

    Args:
        motion: Whose length and place it has.
        other: Who lends; of the same joints.
        skeleton: What bodies are like.
        random: Draws the limbs.
    """
    lent = stretched(other.arranged(motion.joints).positions.astype(np.float64), len(motion))
    own = motion.positions.astype(np.float64)
    hidden = np.asarray(np.isnan(own).any(axis=2))
    lent_hidden = np.asarray(np.isnan(lent).any(axis=2))
    if hidden[:, skeleton.root].all() or lent_hidden[:, skeleton.root].all():
        return motion
    filled = [_filled(one, skeleton) for one in (own, lent)]
    sizes = [skeleton.scale(one[0].astype(np.float32)) for one in filled]
    bones, lent_bones = (_bones(one, skeleton) for one in filled)
    takes = np.zeros(len(skeleton.parents), bool)
    for limb in skeleton.limbs:
        takes[limb] = random.random() < 0.5
    bones[:, takes] = lent_bones[:, takes] * (sizes[0] / sizes[1])
    bones[:, skeleton.root] += filled[0][0, skeleton.root]
    found = skeleton.composed(bones)
    found[np.where(takes, lent_hidden, hidden)] = np.nan
    return Motion(motion.joints, found.astype(np.float32), motion.columns)


def _bones(
    positions: Float64[np.ndarray, "time joints axes"], skeleton: Skeleton
) -> Float64[np.ndarray, "time joints axes"]:
    """Each joint as seen from the one that it hangs on, and the root from where it was first."""
    bones: np.ndarray = positions - positions[:, list(skeleton.parents)]
    bones[:, skeleton.root] = positions[:, skeleton.root] - positions[0, skeleton.root]
    return bones


def _filled(
    positions: Float64[np.ndarray, "time joints axes"], skeleton: Skeleton
) -> Float64[np.ndarray, "time joints axes"]:
    """Unseen joints where they were, or will be, or else where the one is that they hang on."""
    if not np.isnan(positions).any():
        return positions
    found = positions.copy()
    places = np.arange(len(positions))
    for joint in skeleton.outwards:
        seen = np.flatnonzero(~np.isnan(positions[:, joint]).any(axis=1))
        if len(seen):
            nearest = seen[np.maximum(np.searchsorted(seen, places, side="right") - 1, 0)]
            found[:, joint] = positions[nearest, joint]
        else:
            found[:, joint] = found[:, skeleton.parents[joint]]
    return found

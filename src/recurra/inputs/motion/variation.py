"""Motions as others would make them: turned, of other sizes, faster, mirrored."""

from dataclasses import astuple, dataclass

import numpy as np

from recurra.inputs.motion.config import MotionConfig
from recurra.inputs.motion.motion import Motion
from recurra.inputs.motion.skeleton import Skeleton

_TURNS = 8  # points between which a joint drifts, whatever the length of the motion


@dataclass(frozen=True)
class Variation:
    """What training does to motions; fields as in `MotionConfig`."""

    rotation: float
    scaling: float
    stretch: float
    noise: float
    sway: float
    mirror: float

    @classmethod
    def of(cls, config: MotionConfig) -> "Variation":
        """As the settings say."""
        return cls(config.rotation, config.scaling, config.stretch, config.noise, config.sway, config.mirror)

    def motion(self, motion: Motion, skeleton: Skeleton, random: np.random.Generator) -> Motion:
        """A motion, varied; itself where nothing varies."""
        if not any(astuple(self)):
            return motion
        positions = motion.positions.astype(np.float64)
        axes = positions.shape[2]
        if random.random() < self.mirror:
            positions = positions[:, list(skeleton.opposites)]
            positions[..., skeleton.across] *= -1
        factors = random.uniform(1 - self.scaling, 1 + self.scaling, axes)
        positions = positions * factors
        if axes > 2 and self.rotation:
            positions = _turned(
                positions, skeleton.level, np.radians(random.uniform(-self.rotation, self.rotation))
            )
        if self.stretch:
            factor = random.uniform(1 - self.stretch, 1 + self.stretch)
            positions = stretched(positions, max(1, round(len(positions) * factor)))
        extent = float(np.ptp(np.array(skeleton.pose), axis=0).max())
        if self.noise:
            positions = positions + random.normal(0, self.noise * extent, positions.shape)
        if self.sway:
            turns = random.normal(0, self.sway * extent, (_TURNS, *positions.shape[1:]))
            positions = positions + skeleton.composed(stretched(turns, len(positions)))
        return Motion(motion.joints, positions.astype(np.float32), motion.columns)


def _turned(positions: np.ndarray, level: list[int], angle: float) -> np.ndarray:
    """Positions turned about the vertical."""
    first, second = (positions[..., axis].copy() for axis in level)
    positions = positions.copy()
    positions[..., level[0]] = np.cos(angle) * first - np.sin(angle) * second
    positions[..., level[1]] = np.sin(angle) * first + np.cos(angle) * second
    return positions


def stretched(positions: np.ndarray, count: int) -> np.ndarray:
    """Positions (time, joints, axes) in so many frames; between two a joint is seen where either shows it."""
    places = np.linspace(0, len(positions) - 1, count)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, len(positions) - 1)
    share = (places - low)[:, None, None]
    below, above = positions[low], positions[high]
    between = (1 - share) * below + share * above
    between = np.where(np.isnan(below), above, np.where(np.isnan(above), below, between))
    return np.asarray(np.where(share == 0, below, between))

"""Ink as others would write it: slanted, turned, wider or narrower, with a less steady hand."""

from dataclasses import dataclass

import numpy as np

from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.ink import Ink


@dataclass(frozen=True)
class Variation:
    """What training does to ink; fields as in `StrokesConfig`."""

    slant: float
    rotation: float
    scaling: float
    noise: float

    @classmethod
    def of(cls, config: StrokesConfig) -> "Variation":
        """As the settings say."""
        return cls(config.slant, config.rotation, config.scaling, config.noise)

    def ink(self, ink: Ink, height: float, random: np.random.Generator) -> Ink:
        """Ink, varied; itself where nothing varies.

        Args:
            ink: What was written.
            height: Its own, by which the noise goes.
            random: Where the variation comes from.
        """
        if not any((self.slant, self.rotation, self.scaling, self.noise)):
            return ink
        slant, angle = (np.radians(random.uniform(-one, one)) for one in (self.slant, self.rotation))
        wider, higher = random.uniform(1 - self.scaling, 1 + self.scaling, 2)
        turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = turned @ np.array([[wider, -np.tan(slant) * higher], [0, higher]])
        points = ink.points @ matrix.T
        if self.noise:
            points = points + random.normal(0, self.noise * height, points.shape)
        return ink.at(points.astype(np.float32))

"""What training does to images: moves, turns, stretches, slants and bends them, and changes their light."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from recurra.data.image import Values
from recurra.inputs.images.codec import border
from recurra.inputs.images.config import ImagesConfig

_POINTS = 5  # each way, of the net of points that elastic distortions move


@dataclass(frozen=True)
class Variation:
    """How far training varies images; fields as in `ImagesConfig`.

    Source of the elastic distortions: Simard, Steinkraus and Platt (2003), smooth by splines.
    """

    shift: float
    rotation: float
    scaling: float
    shear: float
    elastic: float
    contrast: float
    noise: float
    mirror: float
    flip: float

    @classmethod
    def of(cls, config: ImagesConfig) -> "Variation":
        """As the settings say."""
        return cls(**{name: getattr(config, name) for name in cls.__dataclass_fields__})

    def pixels(self, pixels: Values, random: np.random.Generator, along: int | None) -> Values:
        """Pixels, varied; themselves where nothing varies.

        Args:
            pixels: Scaled pixels.
            random: What it is drawn with.
            along: The axis along which the image is read, and may become longer or shorter; None: neither.
        """
        drawn = random.uniform(-1, 1, 10)
        if drawn[8] < 2 * self.mirror - 1:
            pixels = pixels[:, ::-1]
        if drawn[9] < 2 * self.flip - 1:
            pixels = pixels[::-1]
        if self.shift or self.rotation or self.scaling or self.shear or self.elastic:
            pixels = self._moved(pixels, drawn[:6], random, along)
        if self.contrast:
            factor, more = 1 + self.contrast * drawn[6], self.contrast * drawn[7]
            pixels = pixels * np.float32(factor) + np.float32(more)
        if self.noise:
            pixels = pixels + np.float32(self.noise) * random.standard_normal(pixels.shape, np.float32)
        return pixels

    def _moved(
        self, pixels: Values, drawn: np.ndarray, random: np.random.Generator, along: int | None
    ) -> Values:
        """Pixels of other places, between four where it must be; beyond the image is its border's colour."""
        height, width, channels = pixels.shape
        short = min(height, width)
        factors = 1 + self.scaling * drawn[:2]
        size = [height, width]
        if along is not None:
            size[along] = max(1, round(size[along] * factors[along]))
        angle = np.radians(self.rotation * drawn[2]) * short / max(height, width)
        slant = self.shear * drawn[3]
        cosine, sine = np.cos(angle), np.sin(angle)
        turned = np.array([[cosine, sine], [-sine, cosine]]) @ np.array([[1.0, 0.0], [slant, 1.0]])
        back = turned / factors[:, None]
        middle = (np.array(size) - 1) / 2 + self.shift * short * drawn[4:6]
        start = np.array([height - 1, width - 1]) / 2 - back @ middle
        rows, columns = np.arange(size[0], dtype=np.float32)[:, None], np.arange(size[1], dtype=np.float32)
        places = np.empty((2, *size), np.float32)
        for axis in range(2):
            np.add(back[axis, 0] * rows + start[axis], back[axis, 1] * columns, out=places[axis])
        if self.elastic:
            moves = random.standard_normal((2, _POINTS, _POINTS)) * (self.elastic * short)
            places += (_curves(size[0]) @ moves @ _curves(size[1]).T).astype(np.float32)
        found = np.empty((*size, channels), np.float32)
        for channel, colour in enumerate(border(pixels).tolist()):
            ndimage.map_coordinates(
                pixels[..., channel], places, found[..., channel], order=1, mode="constant", cval=colour
            )
        return found


@lru_cache(maxsize=4096)
def _curves(size: int) -> np.ndarray:
    """(size, points) how far a smooth curve at each of so many places follows each of its points."""
    places = np.linspace(0, _POINTS - 1, size) if size > 1 else np.full(1, (_POINTS - 1) / 2)
    curves = ndimage.map_coordinates(
        np.eye(_POINTS),
        np.stack(np.broadcast_arrays(np.arange(_POINTS)[:, None], places)),
        order=3,
        mode="nearest",
    )
    return np.ascontiguousarray(curves.T)

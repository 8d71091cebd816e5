"""Spectra brought to one scale; nothing here needs torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.sound import Clip, framed
from recurra.inputs.audio.spectrum import Spectrum
from recurra.inputs.revival import reviving


@dataclass(frozen=True)
class AudioCodec:
    """How sound becomes steps.

    Attributes:
        spectrum: Which numbers are taken.
        mean, deviation: (numbers,) of a spectrum's numbers in the training part; 0 and 1 leave them.
        span: Seconds of quiet in whose middle every recording lies; None: as it is.
    """

    spectrum: Spectrum
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    span: float | None = None

    def length(self, clip: Clip) -> int:
        """Steps of a recording, by its header."""
        count = clip.count if self.span is None else round(self.span * clip.rate)
        return self.spectrum.steps(count, clip.rate)

    def scaled(self, steps: Float32[np.ndarray, "time size"]) -> Float32[np.ndarray, "time size"]:
        """Steps by mean and deviation."""
        mean = np.tile(np.array(self.mean, np.float32), self.spectrum.stack)
        deviation = np.tile(np.array(self.deviation, np.float32), self.spectrum.stack)
        return (steps - mean) / deviation

    def encode(self, clip: Clip) -> Float32[np.ndarray, "time size"]:
        """A recording as scaled steps.

        Raises:
            DataError: It cannot be read.
        """
        values = clip.samples()
        if self.span is not None:
            values = framed(values, round(self.span * clip.rate))
        return self.scaled(self.spectrum.of(values, clip.rate))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        own = {"mean": list(self.mean), "deviation": list(self.deviation), "span": self.span}
        return {"spectrum": self.spectrum.to_dict(), **own}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "AudioCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        with reviving("recordings"):
            mean, deviation = (tuple(map(float, description[name])) for name in ("mean", "deviation"))
            return cls(Spectrum(**description["spectrum"]), mean, deviation, description["span"])

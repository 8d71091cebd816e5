"""Spectra brought to one scale; nothing here needs torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import DamagedError
from recurra.inputs.audio.sound import Clip
from recurra.inputs.audio.spectrum import Spectrum


@dataclass(frozen=True)
class AudioCodec:
    """How sound becomes steps.

    Attributes:
        spectrum: Which numbers are taken.
        mean, deviation: (numbers,) of a spectrum's numbers in the training part; 0 and 1 leave them.
    """

    spectrum: Spectrum
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

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
        return self.scaled(self.spectrum.of(clip.samples(), clip.rate))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        own = {"mean": list(self.mean), "deviation": list(self.deviation)}
        return {"spectrum": self.spectrum.to_dict(), **own}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "AudioCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        try:
            scale = (tuple(map(float, description[name])) for name in ("mean", "deviation"))
            return cls(Spectrum(**description["spectrum"]), *scale)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(
                f"an encoding of recordings that lacks a part ({error})",
                "what its training wrote",
                "Restore the file.",
            ) from error

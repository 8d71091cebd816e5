"""Sound of a live stream as scaled steps, without torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.sound import checked, framed
from recurra.errors import DataError
from recurra.inputs.audio.background import BACKGROUND
from recurra.inputs.audio.codec import AudioCodec
from recurra.inputs.audio.spectrum import SpectrumStream
from recurra.inputs.live import LiveInput


class LiveAudio(LiveInput):
    """The steps of a whole recording, which a row holds as samples.

    Args:
        codec: Sound to scaled steps.
    """

    columns = ("samples",)

    def __init__(self, codec: AudioCodec) -> None:
        self.codec = codec

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveAudio":
        """Make it from what `AudioEncoding.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(AudioCodec.from_dict(metadata))

    @property
    def rate(self) -> int:
        """Samples a second that the net hears."""
        return self.codec.spectrum.rate

    @property
    def span_steps(self) -> int | None:
        """Steps of the quiet in which training recordings lay, if they did."""
        spectrum = self.codec.spectrum
        return (
            None if self.codec.span is None else spectrum.steps(round(self.codec.span * self.rate), self.rate)
        )

    @property
    def background(self) -> Sequence[str]:
        """Labels of what is no event."""
        return BACKGROUND

    def quiet(self, rate: int) -> Float32[np.ndarray, " samples"]:
        """Samples that nobody hears, as many as recordings lay in."""
        return framed(np.zeros(0, np.float32), round((self.codec.span or 0) * rate))

    def hear(self, rate: int) -> "SoundSteps":
        """The steps of sound that comes piece by piece."""
        return SoundSteps(self.codec, rate)

    def steps(self, row: Mapping[str, Any]) -> list[Float32[np.ndarray, " features"]]:
        """The steps of samples at the net's own rate, or at that of `rate` beside them.

        Raises:
            DataError: There are none, or one is no number.
        """
        try:
            samples = np.asarray(row.get("samples"), np.float32)
            rate = int(row.get("rate") or self.codec.spectrum.rate)
        except (TypeError, ValueError) as error:
            raise DataError("samples that are no numbers", "a list of numbers", "Correct the row.") from error
        if samples.ndim != 1:
            raise DataError("a row without samples", "a list of numbers from -1 to 1", "Add them.")
        steps = self.codec.spectrum.of(checked(samples, "a row"), rate)
        return list(self.codec.scaled(steps))


class SoundSteps:
    """Scaled steps of sound that comes piece by piece: those of the whole, whatever the pieces.

    Args:
        codec: Sound to scaled steps.
        rate: Samples a second of what comes.
    """

    def __init__(self, codec: AudioCodec, rate: int) -> None:
        self._codec, self._spectra = codec, SpectrumStream(codec.spectrum, rate)

    def push(self, samples: Float32[np.ndarray, " samples"]) -> Float32[np.ndarray, "time size"]:
        """The steps that are complete with these samples; maybe none."""
        return self._codec.scaled(self._spectra.push(samples))

    def end(self) -> Float32[np.ndarray, "time size"]:
        """Those that are left at the end."""
        return self._codec.scaled(self._spectra.end())

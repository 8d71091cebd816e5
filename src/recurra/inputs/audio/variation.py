"""What training does to recordings, so that a net does not learn them by heart."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import ConfigError
from recurra.inputs.audio.codec import AudioCodec
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.reader import recordings
from recurra.inputs.audio.sound import Clip, Samples, library, open_sound

_POINTS = 5  # of a curve of tones over the mel bands
_SOFTEST = 40.0  # decibels below the loudest noise that is asked for


@dataclass(frozen=True)
class Variation:
    """How far training varies sound and steps; see `AudioConfig`.

    Source of the masks: SpecAugment (Park and others 2019).
    """

    speed: float
    gain: float
    tone: float
    noise: float | None
    noise_folder: str | None
    delay: float
    time_mask: float
    band_mask: float

    @classmethod
    def of(cls, config: AudioConfig) -> "Variation":
        """That of some settings.

        Raises:
            ConfigError: The folder of noise holds no recordings.
        """
        if config.noise_folder is not None and not recordings(Path(config.noise_folder)):
            raise ConfigError(
                f"noise_folder is {config.noise_folder!r}, without recordings",
                "a folder of some",
                "Change it.",
            )
        return cls(**{name: getattr(config, name) for name in cls.__dataclass_fields__})

    def sound(self, clip: Clip, random: np.random.Generator) -> Clip:
        """A recording played faster or slower, louder or softer, later, and with noise."""
        if not (self.speed or self.gain or self.delay) and self.noise is None:
            return clip
        values, rate = clip.samples(), clip.rate
        if self.speed:
            factor = float(random.uniform(1 - self.speed, 1 + self.speed))
            values = np.asarray(library("soxr").resample(values, rate * factor, rate), np.float32)
        if self.delay:
            silence = [np.zeros(int(random.uniform(0, self.delay) * rate), np.float32) for _ in range(2)]
            values = np.concatenate([silence[0], values, silence[1]])
        if self.noise is not None:
            values = values + self._noise(values, rate, self.noise, random)
        if self.gain:
            values = values * np.float32(10 ** (random.uniform(-self.gain, self.gain) / 20))
        return Samples(values, rate) if len(values) else clip

    def steps(
        self, encoded: Float32[np.ndarray, "time size"], random: np.random.Generator, codec: AudioCodec
    ) -> Float32[np.ndarray, "time size"]:
        """Steps of another tone, and with a stretch of time and one of every spectrum at their mean."""
        numbers = codec.spectrum.numbers
        tone = self.tone if codec.spectrum.features == "log_mel" else 0
        if not (tone or self.time_mask or self.band_mask):
            return encoded
        varied = encoded.reshape(len(encoded), -1, numbers).copy()
        if tone:
            points = random.uniform(-tone, tone, _POINTS) * np.log(10) / 10
            curve = np.interp(np.linspace(0, _POINTS - 1, numbers), np.arange(_POINTS), points)
            varied += (curve / codec.deviation).astype(np.float32)
        for axis, share in ((0, self.time_mask), (2, self.band_mask)):
            length = varied.shape[axis]
            width = int(random.integers(0, int(share * length) + 1))
            begin = int(random.integers(0, length - width + 1))
            varied[(slice(None),) * axis + (slice(begin, begin + width),)] = 0
        return varied.reshape(encoded.shape)

    def _noise(
        self, values: np.ndarray, rate: int, loudest: float, random: np.random.Generator
    ) -> np.ndarray:
        """Noise as long as a recording, some decibels below it."""
        raw = self._raw_noise(len(values), rate, random)
        below = random.uniform(loudest, loudest + _SOFTEST)
        loudness = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
        own = float(np.sqrt(np.mean(np.square(raw, dtype=np.float64)))) or 1.0
        return raw * np.float32(loudness / own * 10 ** (-below / 20))

    def _raw_noise(self, length: int, rate: int, random: np.random.Generator) -> np.ndarray:
        if self.noise_folder is None:
            return random.standard_normal(length, dtype=np.float32)
        files = _recordings(self.noise_folder)
        sound = open_sound(files[int(random.integers(len(files)))])
        values: Any = sound.samples()
        if sound.rate != rate:
            values = np.asarray(library("soxr").resample(values, sound.rate, rate), np.float32)
        begin = int(random.integers(len(values)))
        return np.resize(np.roll(values, -begin), length)


@lru_cache(maxsize=8)
def _recordings(folder: str) -> list[Path]:
    return recordings(Path(folder))

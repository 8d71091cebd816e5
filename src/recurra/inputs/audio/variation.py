"""What training does to recordings, so that a net does not learn them by heart."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from recurra.data.sound import Clip, Samples, framed, library
from recurra.inputs.audio.codec import AudioCodec
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.noise import NoiseSource
from recurra.inputs.audio.tempo import retimed
from recurra.inputs.audio.warp import stretched

_QUALITY = "MQ"  # of resampling: a fifth of the time of soxr's usual one, whose filter is made for each speed
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
    warp: float = 0.0
    tone_points: int = 5
    tempo: float = 0.0

    @classmethod
    def of(cls, config: AudioConfig) -> "Variation":
        """That of some settings.

        Raises:
            ConfigError: The folder of noise holds no recordings.
        """
        NoiseSource(config.noise_folder)
        return cls(**{name: getattr(config, name) for name in cls.__dataclass_fields__})

    def sound(self, clip: Clip, random: np.random.Generator, span: float | None) -> Clip:
        """A recording played faster or slower, louder or softer, later, and with noise.

        Args:
            clip: The recording.
            random: What it is drawn with.
            span: Seconds of quiet in which it comes to lie anywhere, if it is to.
        """
        if not (self.speed or self.gain or self.delay or span) and self.noise is None:
            return clip
        values, rate = clip.samples(), clip.rate
        if self.speed:
            factor = float(random.uniform(1 - self.speed, 1 + self.speed))
            resampled = library("soxr").resample(values, rate * factor, rate, quality=_QUALITY)
            values = np.asarray(resampled, np.float32)
        if self.delay:
            silence = [np.zeros(int(random.uniform(0, self.delay) * rate), np.float32) for _ in range(2)]
            values = np.concatenate([silence[0], values, silence[1]])
        if span:
            values = framed(values, round(span * rate), float(random.uniform()))
        if self.noise is not None:
            values = values + self._noise(values, rate, self.noise, random)
        if self.gain:
            values = values * np.float32(10 ** (random.uniform(-self.gain, self.gain) / 20))
        return Samples(values, rate) if len(values) else clip

    def steps(
        self, encoded: Float32[np.ndarray, "time size"], random: np.random.Generator, codec: AudioCodec
    ) -> Float32[np.ndarray, "other_time size"]:
        """Steps of another tempo, voice and tone, with a stretch of time and one of spectra at their mean."""
        numbers, stack = codec.spectrum.numbers, codec.spectrum.stack
        if not (self.tempo or self.warp or self.tone or self.time_mask or self.band_mask):
            return encoded
        if self.tempo:
            encoded = retimed(encoded.reshape(-1, numbers), self.tempo, stack, random)
        varied = encoded.reshape(-1, stack, numbers).copy()
        if self.warp:
            linear = stretched(codec.spectrum, float(random.uniform(1 - self.warp, 1 + self.warp)))
            mean, deviation = np.array(codec.mean), np.array(codec.deviation)
            scaled = linear * deviation / deviation[:, None]  # takes and gives numbers that are scaled
            varied = (varied @ scaled.T + (linear @ mean - mean) / deviation).astype(np.float32)
        if self.tone:
            points = random.uniform(-self.tone, self.tone, self.tone_points) * np.log(10) / 10
            places = np.linspace(0, self.tone_points - 1, codec.spectrum.num_mels)
            added = codec.spectrum.of_bands(np.interp(places, np.arange(self.tone_points), points))
            varied += (added / codec.deviation).astype(np.float32)
        for axis, share in ((0, self.time_mask), (2, self.band_mask)):
            length = varied.shape[axis]
            width = int(random.integers(0, int(share * length) + 1))
            begin = int(random.integers(0, length - width + 1))
            varied[(slice(None),) * axis + (slice(begin, begin + width),)] = 0
        return varied.reshape(-1, codec.spectrum.size)

    def _noise(
        self, values: np.ndarray, rate: int, loudest: float, random: np.random.Generator
    ) -> np.ndarray:
        """Noise as long as a recording, some decibels below it."""
        raw = NoiseSource(self.noise_folder).of(len(values), rate, random)
        below = random.uniform(loudest, loudest + _SOFTEST)
        loudness = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
        return raw * np.float32(loudness * 10 ** (-below / 20))

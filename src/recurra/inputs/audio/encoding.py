"""What was learnt of the recordings of the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.data.sound import Clip
from recurra.inputs.audio.codec import AudioCodec
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.spectrum import Spectrum
from recurra.inputs.audio.variation import Variation
from recurra.inputs.input import Encoding, Feature
from recurra.inputs.revival import reviving
from recurra.inputs.scales import scales_of, spread

_LEAST = 1e-3  # of deviations: what hardly varies is not scaled up
_HEARD = 1_000  # recordings that means and deviations are taken of, spread over all


class AudioEncoding(Encoding):
    """How recordings become arrays (time, features), each when it is needed.

    Args:
        codec: Sound to scaled steps.
        variation: What training does to it.
    """

    on_demand = True

    def __init__(self, codec: AudioCodec, variation: Variation) -> None:
        self.codec, self.variation = codec, variation

    @property
    def step_seconds(self) -> float:
        """See `Spectrum.step_seconds`."""
        return self.codec.spectrum.step_seconds

    @classmethod
    def learn(cls, contents: Sequence[Clip], config: AudioConfig) -> "AudioEncoding":
        """Learn the scales of the training part; `sample_rate` is known by now.

        Raises:
            ConfigError: Settings do not go together, or the folder of noise holds no recordings.
        """
        names = ("features", "num_mels", "num_cepstra", "window", "shift", "stack")
        rate = int(config.sample_rate)
        spectrum = Spectrum(rate, **{name: getattr(config, name) for name in names})
        spectrum.check()
        span = _span(contents, config)
        plain = AudioCodec(spectrum, (0.0,) * spectrum.numbers, (1.0,) * spectrum.numbers, span)
        variation = Variation.of(config)
        if not config.standardize:
            return cls(plain, variation)
        steps = (plain.encode(one).reshape(-1, spectrum.numbers) for one in spread(contents, _HEARD))
        return cls(AudioCodec(spectrum, *scales_of(steps, _LEAST), span), variation)

    def encode(self, content: Clip) -> Float32[np.ndarray, "time features"]:
        """Scaled steps; see `AudioCodec.encode`."""
        return self.codec.encode(content)

    def features(self) -> list[Feature]:
        """The bands or cepstra of every spectrum of a step."""
        codec, word = self.codec, "band" if self.codec.spectrum.features == "log_mel" else "cepstrum"
        scales = list(zip(codec.mean, codec.deviation, strict=True))
        several = codec.spectrum.stack > 1
        return [
            Feature(f"{word} {number + 1}{f' of spectrum {place + 1}' if several else ''}", 1, *scale)
            for place in range(codec.spectrum.stack)
            for number, scale in enumerate(scales)
        ]

    def length(self, content: Clip) -> int:
        """Steps of a recording, by its header."""
        return self.codec.length(content)

    def vary(self, content: Clip, random: np.random.Generator) -> Clip:
        """See `Variation.sound`."""
        return self.variation.sound(content, random, self.codec.span)

    def augment(
        self, encoded: Float32[np.ndarray, "time features"], random: np.random.Generator
    ) -> Float32[np.ndarray, "other_time features"]:
        """See `Variation.steps`."""
        return self.variation.steps(encoded, random, self.codec)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {**self.codec.to_dict(), "variation": asdict(self.variation)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "AudioEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        codec = AudioCodec.from_dict(description)
        with reviving("recordings"):
            return cls(codec, Variation(**description["variation"]))


def _span(contents: Sequence[Clip], config: AudioConfig) -> float | None:
    """How long the quiet is that recordings lie in: a quarter longer than nearly all of them."""
    if config.span == "none" or (config.span == "auto" and not config.background):
        return None
    if config.span != "auto":
        return float(config.span)
    return round(1.25 * float(np.quantile([one.seconds for one in contents], 0.95)), 2)

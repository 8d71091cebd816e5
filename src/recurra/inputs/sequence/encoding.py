"""What was learnt of the sequences of the training part."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.inputs.input import Encoding, Feature
from recurra.inputs.sequence.codec import SequenceCodec
from recurra.inputs.sequence.config import SequenceConfig
from recurra.inputs.sequence.series import Series


class SequenceEncoding(Encoding):
    """How sequences become arrays (time, features).

    Args:
        codec: Channels to scaled numbers.
        noise: Deviation of the random numbers that training adds.
        time_mask: Largest share of the steps that training hides.
        scaling: Deviation of the logarithm of the factor that training multiplies each channel by.
    """

    def __init__(
        self, codec: SequenceCodec, noise: float = 0.0, time_mask: float = 0.0, scaling: float = 0.0
    ) -> None:
        self.codec = codec
        self.noise = noise
        self.time_mask = time_mask
        self.scaling = scaling

    @classmethod
    def learn(cls, contents: Sequence[Series], config: SequenceConfig) -> "SequenceEncoding":
        """Learn the scales of the training part."""
        codec = SequenceCodec.learn(contents, standardize=config.standardize, max_length=config.max_length)
        return cls(codec, config.noise, config.time_mask, config.scaling)

    def encode(self, content: Series) -> Float32[np.ndarray, "time features"]:
        """Scaled steps; see `SequenceCodec.encode`."""
        return self.codec.encode(content)

    def features(self) -> list[Feature]:
        """The channels, then where those with gaps are missing, then the length of the step."""
        channels = self.codec.channels
        found = [Feature(one.name, 1, one.mean, one.deviation) for one in channels]
        found += [Feature(f"{one.name} missing") for one in channels if one.missing]
        return [*found, *([Feature("length of the step")] if self.codec.elapsed is not None else [])]

    def augment(
        self, encoded: Float32[np.ndarray, "time features"], random: np.random.Generator
    ) -> Float32[np.ndarray, "time features"]:
        """Channels stretched and with noise, and a stretch of time in which they are missing."""
        if not (self.noise or self.time_mask or self.scaling):
            return encoded
        varied, channels = encoded.copy(), len(self.codec.channels)
        if self.scaling:
            varied[:, :channels] *= np.exp(random.normal(0, self.scaling, channels)).astype(np.float32)
        if self.noise:
            noise = random.normal(0, self.noise, (len(varied), channels)).astype(np.float32)
            varied[:, :channels] += noise
        if self.time_mask:
            width = int(random.integers(0, int(self.time_mask * len(varied)) + 1))
            begin = int(random.integers(0, len(varied) - width + 1))
            varied[begin : begin + width, :channels] = 0
            gaps = sum(one.missing for one in self.codec.channels)
            varied[begin : begin + width, channels : channels + gaps] = 1
        return varied

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        own = {"noise": self.noise, "time_mask": self.time_mask, "scaling": self.scaling}
        return {**self.codec.to_dict(), **own}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "SequenceEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        codec = SequenceCodec.from_dict(description)
        own = (float(description.get(name, 0)) for name in ("noise", "time_mask", "scaling"))
        return cls(codec, *own)

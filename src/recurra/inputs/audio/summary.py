"""Recordings without their order: what their spectra are like on the whole, for baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.data.sound import Clip
from recurra.inputs.audio.codec import AudioCodec
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.encoding import AudioEncoding
from recurra.inputs.audio.reader import MOST_RATE
from recurra.inputs.input import Summary

_QUANTILES = (0.1, 0.5, 0.9)


class SpectrumSummary(Summary):
    """Quantiles of every mel band over time, and how long the recording lasts.

    Args:
        codec: Sound to scaled steps.
    """

    def __init__(self, codec: AudioCodec) -> None:
        self._codec = codec

    @classmethod
    def learn(cls, contents: Sequence[Clip]) -> "SpectrumSummary":
        """See `Summary.learn`."""
        rate = min(contents[0].rate, MOST_RATE)
        return cls(AudioEncoding.learn(contents, AudioConfig(sample_rate=rate, num_mels=20)).codec)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "SpectrumSummary":
        """See `Summary.from_dict`."""
        return cls(AudioCodec.from_dict(description))

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return self._codec.to_dict()

    def numbers(self, contents: Sequence[Clip]) -> Any:
        """See `Summary.numbers`."""
        rows = []
        for clip in contents:
            steps = self._codec.encode(clip)
            rows.append([*np.quantile(steps, _QUANTILES, axis=0).ravel(), np.log(clip.seconds)])
        return np.array(rows, np.float64).reshape(len(contents), -1)

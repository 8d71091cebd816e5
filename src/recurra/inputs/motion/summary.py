"""Motions without their order: statistics of what each step holds, for baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.inputs.input import Summary
from recurra.inputs.motion.codec import MotionCodec
from recurra.inputs.motion.config import MotionConfig
from recurra.inputs.motion.encoding import MotionEncoding
from recurra.inputs.motion.motion import Motion

_QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


class MotionSummary(Summary):
    """Mean, deviation and quantiles of every number over time, and how long the motion is.

    Args:
        codec: Motions to scaled steps.
    """

    def __init__(self, codec: MotionCodec) -> None:
        self._codec = codec

    @classmethod
    def learn(cls, contents: Sequence[Motion]) -> "MotionSummary":
        """See `Summary.learn`."""
        return cls(MotionEncoding.learn(contents, MotionConfig(spans=(1,))).codec)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "MotionSummary":
        """See `Summary.from_dict`."""
        return cls(MotionCodec.from_dict(description))

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return self._codec.to_dict()

    def numbers(self, contents: Sequence[Motion]) -> Any:
        """See `Summary.numbers`."""
        rows = []
        for motion in contents:
            steps = self._codec.encode(motion).astype(np.float64)
            parts = [steps.mean(axis=0), steps.std(axis=0), *np.quantile(steps, _QUANTILES, axis=0)]
            rows.append([*np.concatenate(parts), np.log(len(motion))])
        width = (2 + len(_QUANTILES)) * len(self._codec.names) + 1
        return np.array(rows, np.float64).reshape(len(contents), width)

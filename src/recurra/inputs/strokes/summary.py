"""Ink without its order: statistics of what each step holds, for baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.inputs.input import Summary
from recurra.inputs.strokes.codec import StrokesCodec
from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.encoding import StrokesEncoding
from recurra.inputs.strokes.ink import Ink

_QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


class StrokesSummary(Summary):
    """Mean, deviation and quantiles of every number, how many points and strokes, how wide to how high.

    Args:
        codec: Ink to scaled steps.
    """

    def __init__(self, codec: StrokesCodec) -> None:
        self._codec = codec

    @classmethod
    def learn(cls, contents: Sequence[Ink]) -> "StrokesSummary":
        """See `Summary.learn`."""
        return cls(StrokesEncoding.learn(contents, StrokesConfig()).codec)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "StrokesSummary":
        """See `Summary.from_dict`."""
        return cls(StrokesCodec.from_dict(description))

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return self._codec.to_dict()

    def numbers(self, contents: Sequence[Ink]) -> Any:
        """See `Summary.numbers`."""
        rows = []
        for ink in contents:
            steps = self._codec.encode(ink).astype(np.float64)
            parts = [steps.mean(axis=0), steps.std(axis=0), *np.quantile(steps, _QUANTILES, axis=0)]
            width, height = ink.extent
            shape = [np.log(len(steps)), float(ink.lifts.sum()), width / self._codec.size(ink)]
            rows.append([*np.concatenate(parts), *shape, height / self._codec.size(ink)])
        columns = (2 + len(_QUANTILES)) * len(self._codec.names) + 4
        return np.array(rows, np.float64).reshape(len(contents), columns)

"""Features without their order: the mean of each channel, for baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.inputs.features.content import Features
from recurra.inputs.input import Summary


class FeatureSummary(Summary):
    """The mean of each channel over all cells."""

    @classmethod
    def learn(cls, contents: Sequence[Features]) -> "FeatureSummary":
        """See `Summary.learn`."""
        del contents
        return cls()

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "FeatureSummary":
        """See `Summary.from_dict`."""
        del description
        return cls()

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return {}

    def numbers(self, contents: Sequence[Features]) -> Any:
        """See `Summary.numbers`."""
        return np.stack([one.numbers().mean(axis=0, dtype=np.float64) for one in contents])

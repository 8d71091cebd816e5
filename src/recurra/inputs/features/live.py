"""Features of a live stream as scaled steps, without torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.errors import DataError
from recurra.inputs.features.codec import FeatureCodec
from recurra.inputs.live import LiveInput


class LiveFeatures(LiveInput):
    """The steps of a row, whose `features` are a list of numbers for a step, or nested lists for several.

    Args:
        codec: Features to scaled steps.
    """

    columns = ("features",)

    def __init__(self, codec: FeatureCodec) -> None:
        self.codec = codec

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveFeatures":
        """Make it from what `FeatureEncoding.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(FeatureCodec.from_dict(metadata))

    def steps(self, row: Mapping[str, Any]) -> Sequence[Float32[np.ndarray, " features"]]:
        """The steps of a row.

        Raises:
            DataError: There are no features in it, or others than those of training.
        """
        if row.get("features") is None:
            raise DataError("a row without features", "a list of numbers", "Add it.")
        return list(self.codec.of_lists(row["features"], "features"))

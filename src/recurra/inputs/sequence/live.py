"""Values of a live stream as scaled steps, without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from recurra.data.naming import listed
from recurra.errors import ConfigError, DataError
from recurra.inputs.live import LiveInput
from recurra.inputs.sequence.codec import SequenceCodec
from recurra.inputs.sequence.series import Series


class LiveSeries(LiveInput):
    """The channels of a step, or of several when a row holds lists.

    Args:
        codec: Channels to scaled numbers.

    Raises:
        ConfigError: A step holds the time since the one before.
    """

    def __init__(self, codec: SequenceCodec) -> None:
        if codec.elapsed is not None:
            raise ConfigError(
                "a net that reads how long steps are",
                "one that reads values alone",
                "Train it with time=none.",
            )
        self.codec = codec
        self.columns = tuple(channel.name for channel in codec.channels)

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveSeries":
        """Make it from what `SequenceEncoding.to_dict` gave.

        Raises:
            ConfigError: A step holds the time since the one before.
            DamagedError: A part is missing.
        """
        return cls(SequenceCodec.from_dict(metadata))

    def steps(self, row: Mapping[str, Any]) -> list[Float32[np.ndarray, " features"]]:
        """The features of each step; None or an empty text stands for a missing value.

        Raises:
            DataError: A channel is not there, or is no number.
        """
        absent = [name for name in self.columns if name not in row]
        if absent:
            raise DataError(
                f"a row without {listed(absent)}",
                f"values of {listed(self.columns, 30)}",
                "Add them; null where one is missing.",
            )
        channels = [_values(row[name], name) for name in self.columns]
        if len({len(channel) for channel in channels}) > 1 or not len(channels[0]):
            raise DataError(
                "channels of different lengths, or none", "as many values in each", "Correct the row."
            )
        return list(self.codec.encode(Series(self.columns, np.stack(channels, axis=1))))


def _values(value: Any, name: str) -> Float64[np.ndarray, " time"]:
    values = value if isinstance(value, list | tuple | np.ndarray) else [value]
    return np.array([_number(one, name) for one in values], np.float64)


def _number(value: Any, name: str) -> float:
    if value is None or value == "":
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("inf")
    if np.isinf(number):
        raise DataError(f"{name} is {value!r}", "a finite number, or null", "Correct the row.")
    return number

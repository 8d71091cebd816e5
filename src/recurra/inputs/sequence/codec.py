"""Channels as scaled numbers; nothing here needs torch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.revival import reviving
from recurra.inputs.sequence.series import Series

_EQUAL = 1e-3  # steps that differ by less, relative to the usual one, are equal


@dataclass(frozen=True)
class Channel:
    """A channel, and what was learnt of it.

    Attributes:
        name: Of the column.
        mean, deviation: What it is scaled by.
        missing: Whether values are missing in the training part, so that a feature says where.
    """

    name: str
    mean: float
    deviation: float
    missing: bool


@dataclass(frozen=True)
class Elapsed:
    """Steps of unequal length.

    Attributes:
        usual: The median step.
        mean, deviation: Of the logarithms of steps relative to it.
    """

    usual: float
    mean: float
    deviation: float

    def encode(self, times: Float64[np.ndarray, " time"]) -> Float64[np.ndarray, " time"]:
        """The scaled logarithm of each step; 0 at the first, before which there is none."""
        return np.concatenate([[0.0], (_log_steps(times, self.usual) - self.mean) / self.deviation])


@dataclass(frozen=True)
class SequenceCodec:
    """How sequences become arrays: channels, then where those with gaps are missing, then the step.

    Attributes:
        channels: What is read, in this order.
        elapsed: How long steps are, where that varies.
        max_length: Most steps that are read.
    """

    channels: tuple[Channel, ...]
    elapsed: Elapsed | None
    max_length: int

    @classmethod
    def learn(cls, contents: Sequence[Series], *, standardize: bool, max_length: int) -> "SequenceCodec":
        """Learn the scales of the training part."""
        names = contents[0].names
        kept = [content.values[:max_length] for content in contents]
        channels = []
        for at, name in enumerate(names):
            values = np.concatenate([one[:, at] for one in kept])
            absent = np.isnan(values)
            known = values[~absent]
            mean, deviation = 0.0, 1.0
            if standardize and len(known):
                mean, deviation = float(known.mean()), float(known.std())
                deviation = deviation if deviation > 1e-12 * max(abs(mean), 1e-30) else 1.0
            channels.append(Channel(name, mean, deviation, bool(absent.any())))
        return cls(tuple(channels), _learn_elapsed(contents, max_length), max_length)

    @property
    def size(self) -> int:
        """Features of a step."""
        return len(self.channels) + sum(one.missing for one in self.channels) + (self.elapsed is not None)

    def encode(self, content: Series) -> Float32[np.ndarray, "time features"]:
        """A sequence as scaled steps; missing values are 0.

        Raises:
            DataError: A channel is missing, or the times are.
        """
        absent = [one.name for one in self.channels if one.name not in content.names]
        if absent:
            raise DataError(
                f"a sequence without {listed(repr(name) for name in absent)}",
                f"the channels {listed((one.name for one in self.channels), 30)}",
                "Add them.",
            )
        places = [content.names.index(one.name) for one in self.channels]
        values = content.values[: self.max_length, places]
        means = np.array([one.mean for one in self.channels])
        deviations = np.array([one.deviation for one in self.channels])
        gaps = np.isnan(values)
        parts = [np.where(gaps, 0, (values - means) / deviations)]
        parts.append(gaps[:, [one.missing for one in self.channels]])
        if self.elapsed is not None:
            if content.times is None:
                raise DataError(
                    "a sequence without times", "the times of its steps", "Add the column of times."
                )
            parts.append(self.elapsed.encode(content.times[: self.max_length])[:, None])
        return np.concatenate(parts, axis=1).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {
            "channels": [asdict(one) for one in self.channels],
            "elapsed": None if self.elapsed is None else asdict(self.elapsed),
            "max_length": self.max_length,
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "SequenceCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        with reviving("sequences"):
            elapsed = description["elapsed"]
            channels = tuple(Channel(**one) for one in description["channels"])
            made = None if elapsed is None else Elapsed(**elapsed)
            return cls(channels, made, int(description["max_length"]))


def _learn_elapsed(contents: Sequence[Series], max_length: int) -> Elapsed | None:
    """How long steps are; None where they are all equal, or not known."""
    if any(content.times is None for content in contents):
        return None
    times = [content.times[:max_length] for content in contents if content.times is not None]
    steps = np.concatenate([np.diff(one) for one in times])
    positive = steps[steps > 0]
    if not len(positive):
        return None
    usual = float(np.median(positive))
    if np.all(np.abs(steps - usual) <= _EQUAL * usual):
        return None
    logs = np.concatenate([_log_steps(one, usual) for one in times])
    return Elapsed(usual, float(logs.mean()), float(logs.std()) or 1.0)


def _log_steps(times: Float64[np.ndarray, " time"], usual: float) -> Float64[np.ndarray, " steps"]:
    """Logarithms of 1 + step / usual step, so that equal times are no trouble."""
    return np.log1p(np.diff(times) / usual)

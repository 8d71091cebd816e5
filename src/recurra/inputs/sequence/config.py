"""The settings of numeric sequences as input."""

from typing import Annotated

from pydantic import Field

from recurra.config import Config, Search


class SequenceConfig(Config):
    """Which channels the net reads, and how they are scaled.

    Attributes:
        columns: Names of channels; auto takes all columns of numbers but the one that is to be told.
        unique_id: Column that says which sequence a row of a long table belongs to, or none; auto takes
            `unique_id` or `id` where its values repeat.
        time: Column with the times of the steps, or none; auto takes `time`, `timestamp` or the like. Where
            the steps of the training part are not equal, the logarithm of each is a channel of its own.
        standardize: Whether each channel is scaled by its mean and deviation in the training part.
        max_length: Most steps that are read; what follows is cut off, and said.
        noise: Random numbers added in training, in deviations of the channel.
        scaling: How far training stretches each channel, as the deviation of the factor's logarithm.
        time_mask: Largest share of the steps that training hides, in one stretch.
    """

    columns: str | tuple[str, ...] = "auto"
    unique_id: str = "auto"
    time: str = "auto"
    standardize: bool = True
    max_length: int = Field(default=10_000, ge=1, le=100_000_000)
    noise: Annotated[float, Search(0.0, 0.5)] = Field(default=0.0, ge=0, allow_inf_nan=False)
    scaling: Annotated[float, Search(0.0, 0.5)] = Field(default=0.0, ge=0, le=3)
    time_mask: Annotated[float, Search(0.0, 0.5)] = Field(default=0.0, ge=0, lt=1)

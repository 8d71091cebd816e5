"""The settings of a vocoder."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Search
from recurra.experiment.sounding import FrameConfig, SoundAnswer


class VocodeConfig(FrameConfig):
    """Which recordings are made again of their mel frames, with which net, and how to train it.

    Attributes:
        network: Kind of network.
        baselines: No other network is trained beside it.
        bidirectional: It writes in one direction.
        bands: Bands of the waveform that are drawn at once, each with as many fewer samples a second.
        history: Steps before that are read.
        context: Frames that are read on each side of a sample.
        condition_size: Numbers by which these say what to write at a step.
        tbptt_steps: Frames after which the gradient is cut.
    """

    needs = ""

    network: Literal["recurrent"] = "recurrent"
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = Field(default=(), max_length=0)
    bidirectional: Literal[False] = False
    bands: int = Field(default=4, ge=2, le=32)
    history: int = Field(default=8, ge=1, le=256)
    context: int = Field(default=2, ge=1, le=16)
    condition_size: Annotated[int, Search(16, 64, log=True)] = Field(default=32, ge=1, le=1024)

    cell: Annotated[str, Search(choices=("lstm", "gru"))] = "gru"
    hidden_size: Annotated[int, Search(64, 256, log=True)] = Field(default=128, ge=1, le=16_384)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    tbptt_steps: int | None = Field(default=32, ge=1)
    max_epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=16, ge=1, le=65_536)
    learning_rate: float = Field(default=4e-3, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "one_cycle"


class VocodeAnswer(SoundAnswer):
    """How waveforms are drawn."""

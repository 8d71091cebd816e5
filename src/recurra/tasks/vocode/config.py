"""The settings of a vocoder."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from recurra.config import Config, Option, Search
from recurra.experiment.config import TaskConfig


class VocodeConfig(TaskConfig):
    """Which recordings are made again of their mel frames, with which net, and how to train it.

    Attributes:
        path: Column with the paths of the recordings; auto takes the first that holds names of such files.
        start: Column with the second at which a piece begins, or none; auto takes `start` where it is there.
        end: Column with the second at which it ends, or none; auto takes `end` where it is there.
        network: Kind of network.
        baselines: No other network is trained beside it.
        bidirectional: It writes in one direction.
        sample_rate: Samples a second; auto takes that of most recordings, at most 16,000. This and the next
            three have to be those of the voice that it is to speak with.
        num_mels: Mel bands of a frame.
        window: Milliseconds that a frame is taken of.
        shift: Milliseconds from one frame to the next.
        max_seconds: Longest recording that is learnt from; what follows is cut off, and said.
        bands: Bands of the waveform that are drawn at once, each with as many fewer samples a second.
        history: Steps before that are read.
        context: Frames that are read on each side of a sample.
        condition_size: Numbers by which these say what to write at a step.
        tbptt_steps: Frames after which the gradient is cut.
    """

    needs = ""

    path: str = "auto"
    start: str = "auto"
    end: str = "auto"
    network: Literal["recurrent"] = "recurrent"
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = Field(default=(), max_length=0)
    bidirectional: Literal[False] = False
    sample_rate: Literal["auto"] | Annotated[int, Field(ge=1_000, le=192_000)] = "auto"
    num_mels: int = Field(default=80, ge=4, le=256)
    window: float = Field(default=50.0, ge=2, le=500)
    shift: float = Field(default=12.5, ge=1, le=500)
    max_seconds: float = Field(default=20.0, gt=0, le=3600)
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

    @model_validator(mode="after")
    def _windows_overlap(self) -> "VocodeConfig":
        if self.shift > self.window / 2:
            raise ValueError(f"shift is {self.shift:g} ms; at most half of window, {self.window / 2:g} ms")
        return self


class VocodeAnswer(Config):
    """How waveforms are drawn.

    Attributes:
        seed: Where randomness starts.
        temperature: Factor on the deviation of every sample: the less, the less noise.
        pause: Seconds of silence between recordings in one file.
        samples: Whether to give the samples themselves.
    """

    seed: int = Field(default=0, ge=0, lt=2**63)
    temperature: float = Field(default=0.85, ge=0, le=2)
    pause: float = Field(default=0.3, ge=0, le=60)
    samples: Annotated[bool, Option("", "--samples/--no-samples")] = False

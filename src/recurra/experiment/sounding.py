"""What tasks share that make sound: how it is described and drawn; no torch."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from recurra.config import Config, Option
from recurra.experiment.config import TaskConfig


class FrameConfig(TaskConfig):
    """Which recordings are learnt from, and as what frames.

    Attributes:
        path: Column with the paths of the recordings; auto takes the first that holds names of such files.
        start: Column with the second at which a piece begins, or none; auto takes `start` where it is there.
        end: Column with the second at which it ends, or none; auto takes `end` where it is there.
        sample_rate: Samples a second; auto takes that of most recordings, at most 16,000. A voice and the
            vocoder that it speaks through have this and the next three in common.
        num_mels: Mel bands of a frame.
        window: Milliseconds that a frame is taken of.
        shift: Milliseconds from one frame to the next.
        max_seconds: Longest recording that is learnt from; what follows is cut off, and said.
    """

    path: str = "auto"
    start: str = "auto"
    end: str = "auto"
    sample_rate: Literal["auto"] | Annotated[int, Field(ge=1_000, le=192_000)] = "auto"
    num_mels: int = Field(default=80, ge=4, le=256)
    window: float = Field(default=50.0, ge=2, le=500)
    shift: float = Field(default=12.5, ge=1, le=500)
    max_seconds: float = Field(default=20.0, gt=0, le=3600)

    @property
    def of_recordings(self) -> dict[str, Any]:
        """Those by which recordings are read, as settings of that input."""
        names = ("path", "start", "end", "sample_rate", "max_seconds")
        return {name: getattr(self, name) for name in names}

    @model_validator(mode="after")
    def _windows_overlap(self) -> "FrameConfig":
        if self.shift > self.window / 2:
            raise ValueError(f"shift is {self.shift:g} ms; at most half of window, {self.window / 2:g} ms")
        return self


class SoundAnswer(Config):
    """How waveforms are drawn by a vocoder, and given.

    Attributes:
        seed: Where its randomness starts.
        temperature: Factor on the deviation of the samples that it draws: the less, the less noise.
        pause: Seconds of silence between one and the next in one file.
        samples: Whether to give the samples themselves.
    """

    seed: int = Field(default=0, ge=0, lt=2**63)
    temperature: float = Field(default=0.85, ge=0, le=2)
    pause: float = Field(default=0.3, ge=0, le=60)
    samples: Annotated[bool, Option("", "--samples/--no-samples")] = False

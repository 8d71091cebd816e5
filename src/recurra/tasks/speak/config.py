"""The settings of a speaker."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from recurra.config import Config, Option, Search
from recurra.experiment.config import TaskConfig


class SpeakConfig(TaskConfig):
    """What is said in which recordings, with which net to say it, and how to train it.

    Attributes:
        text: Column with what is said; auto takes `text`, `sentence` or the like.
        path: Column with the paths of the recordings; auto takes the first that holds names of such files.
        start: Column with the second at which a piece begins, or none; auto takes `start` where it is there.
        end: Column with the second at which it ends, or none; auto takes `end` where it is there.
        network: Kind of network.
        baselines: No other network is trained beside it.
        reads: Characters of the text, or phonemes, the letters of the International Phonetic Alphabet that
            espeak-ng makes of it.
        language: Of the text, for phonemes, as espeak-ng calls it: en-us, de, fr-fr.
        lowercase: Whether capital letters are read as small ones.
        max_length: Most characters or phonemes that are read of a text; what follows is cut off, and said.
        embedding_size: Numbers that stand for a character.
        sample_rate: Samples a second of the speech; auto takes that of most recordings, at most 16,000.
        num_mels: Mel bands of a frame.
        window: Milliseconds that a frame is taken of.
        shift: Milliseconds from one frame to the next.
        trim: Decibels below its loudest frame at which a recording's silence before and after is cut off;
            none leaves it.
        max_seconds: Longest recording that is learnt from; what follows is cut off, and said.
        reduction: Frames that are written at a step.
        attention: How the writing net looks back at what was read.
        attention_size: Numbers by which it does.
        guidance: How much it costs to look off the diagonal, in training (guided attention).
        guidance_spread: How far off is near, as a share of the text.
        guidance_until: Share of training over which that cost falls to nothing, so that sounds may take the
            time that they take; none: it stays.
        prenet_size: Units that the last frame goes through on its way back in.
        prenet_dropout: Share of them dropped in training, so that the text is listened to.
        postnet_size: Channels of the convolutions that put the finish to frames.
        postnet_blocks: Their blocks; 0 for none.
    """

    needs = ""

    text: Annotated[str, Option("COLUMN", again=True)] = "auto"
    path: str = "auto"
    start: str = "auto"
    end: str = "auto"
    network: Literal["recurrent"] = "recurrent"
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = Field(default=(), max_length=0)
    reads: Literal["characters", "phonemes"] = "characters"
    language: str = "en-us"
    lowercase: bool = True
    max_length: int = Field(default=400, ge=1, le=100_000)
    embedding_size: Annotated[int, Search(32, 256, log=True)] = Field(default=64, ge=1, le=16_384)
    sample_rate: Literal["auto"] | Annotated[int, Field(ge=1_000, le=192_000)] = "auto"
    num_mels: int = Field(default=80, ge=4, le=256)
    window: float = Field(default=50.0, ge=2, le=500)
    shift: float = Field(default=12.5, ge=1, le=500)
    trim: float | None = Field(default=50.0, gt=0, le=200)
    max_seconds: float = Field(default=20.0, gt=0, le=3600)
    reduction: Annotated[int, Search(1, 6)] = Field(default=3, ge=1, le=20)
    attention: Annotated[
        Literal["additive", "location", "monotonic"], Search(choices=("location", "monotonic"))
    ] = "location"
    attention_size: int = Field(default=64, ge=1, le=4096)
    guidance: Annotated[float, Search(0.5, 20.0, log=True)] = Field(default=5.0, ge=0, allow_inf_nan=False)
    guidance_spread: float = Field(default=0.2, gt=0, le=10)
    guidance_until: float | None = Field(default=0.5, gt=0, le=1)
    prenet_size: int = Field(default=64, ge=1, le=4096)
    prenet_dropout: Annotated[float, Search(0.0, 0.6)] = Field(default=0.5, ge=0, lt=1)
    postnet_size: int = Field(default=64, ge=1, le=4096)
    postnet_blocks: int = Field(default=2, ge=0, le=8)

    bidirectional: bool = True
    hidden_size: int = Field(default=128, ge=1, le=16_384)
    max_epochs: int = Field(default=60, ge=1)
    batch_size: int = Field(default=16, ge=1, le=65_536)
    learning_rate: float = Field(default=2e-3, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "one_cycle"

    @model_validator(mode="after")
    def _windows_overlap(self) -> "SpeakConfig":
        if self.shift > self.window / 2:
            raise ValueError(f"shift is {self.shift:g} ms; at most half of window, {self.window / 2:g} ms")
        return self


class SpeakAnswer(Config):
    """How texts are spoken.

    Attributes:
        max_seconds: Seconds after which speech is cut off that does not end by itself; auto goes by the
            length of the text.
        threshold: Probability of the end at which it ends.
        look_ahead: Characters that attention may go ahead at a step, and it goes back by no more than one
            (Tachibana and others 2018); none: it looks where it will.
        vocoder: Run of a vocoder that makes the waveform; without one it is by Griffin and Lim's way.
        seed: Where the vocoder's randomness starts.
        temperature: Factor on the deviation of the samples that it draws: the less, the less noise.
        iterations: How often Griffin and Lim's way makes the phases of a waveform agree.
        pause: Seconds of silence between texts that are spoken one after another.
        samples: Whether to give the samples themselves.
    """

    max_seconds: Annotated[float, Field(gt=0, le=3600)] | Literal["auto"] = "auto"
    threshold: float = Field(default=0.5, gt=0, lt=1)
    look_ahead: int | None = Field(default=4, ge=1)
    vocoder: Annotated[str | None, Option("RUN", "--vocoder")] = None
    seed: int = Field(default=0, ge=0, lt=2**63)
    temperature: float = Field(default=0.85, ge=0, le=2)
    iterations: int = Field(default=60, ge=1, le=10_000)
    pause: float = Field(default=0.3, ge=0, le=60)
    samples: Annotated[bool, Option("", "--samples/--no-samples")] = False

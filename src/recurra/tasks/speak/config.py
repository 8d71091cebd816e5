"""The settings of a speaker."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Option, Search
from recurra.experiment.sounding import FrameConfig, SoundAnswer
from recurra.inputs.phonemes import LANGUAGE


class SpeakConfig(FrameConfig):
    """What is said in which recordings, with which net to say it, and how to train it.

    Attributes:
        text: Column with what is said; auto takes `text`, `sentence` or the like.
        network: Kind of network.
        baselines: No other network is trained beside it.
        reads: Characters of the text, or phonemes, the letters of the International Phonetic Alphabet that
            espeak-ng makes of it.
        language: Of the text, for phonemes, as espeak-ng calls it: en-us, de, fr.
        lowercase: Whether capital letters are read as small ones.
        max_length: Most characters or phonemes that are read of a text; what follows is cut off, and said.
        embedding_size: Numbers that stand for a character.
        trim: Decibels below its loudest frame at which a recording's silence before and after is cut off;
            none leaves it.
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
    network: Literal["recurrent"] = "recurrent"
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = Field(default=(), max_length=0)
    reads: Literal["characters", "phonemes"] = "characters"
    language: str = Field(default="en-us", pattern=LANGUAGE, max_length=40)
    lowercase: bool = True
    max_length: int = Field(default=400, ge=1, le=100_000)
    embedding_size: Annotated[int, Search(32, 256, log=True)] = Field(default=64, ge=1, le=16_384)
    trim: float | None = Field(default=50.0, gt=0, le=200)
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


class SpeakAnswer(SoundAnswer):
    """How texts are spoken.

    Attributes:
        max_seconds: Seconds after which speech is cut off that does not end by itself; auto goes by the
            length of the text.
        threshold: Probability of the end at which it ends.
        look_ahead: Characters that attention may go ahead at a step, and it goes back by no more than one
            (Tachibana and others 2018); none: it looks where it will.
        vocoder: Run of a vocoder that makes the waveform; without one it is by Griffin and Lim's way.
        iterations: How often Griffin and Lim's way makes the phases of a waveform agree.
    """

    max_seconds: Annotated[float, Field(gt=0, le=3600)] | Literal["auto"] = "auto"
    threshold: float = Field(default=0.5, gt=0, lt=1)
    look_ahead: int | None = Field(default=4, ge=1)
    vocoder: Annotated[str | None, Option("RUN", "--vocoder")] = None
    iterations: int = Field(default=60, ge=1, le=10_000)

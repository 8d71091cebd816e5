"""The settings of recordings as input."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from recurra.config import Config, Search


class AudioConfig(Config):
    """How recordings become steps, and how training varies them. Nets read in one direction, to be live.

    Attributes:
        path: Column with the paths of the recordings, from where the table lies; auto takes the first that
            holds names of such files.
        start: Column with the second at which a piece begins, or none; auto takes `start` where it is there.
        end: Column with the second at which it ends, or none; auto takes `end` where it is there.
        sample_rate: Samples a second that the net hears, whatever the files have; auto takes that of most
            files of the training part, at most 16,000.
        features: Logarithms of the energy in mel bands, or their cepstrum, which says less of the voice.
        num_mels: Mel bands.
        num_cepstra: Numbers of the cepstrum that are read.
        window: Milliseconds that a spectrum is taken of.
        shift: Milliseconds from one spectrum to the next.
        stack: Spectra that are read as one step.
        standardize: Whether each number is scaled by its mean and deviation in the training part.
        max_seconds: Longest piece that is read; what follows is cut off, and said.
        background: How many recordings of silence and of what is no word are added as classes, `silence` and
            `unknown`, each as a share of all: for nets that listen to a stream.
        span: Seconds of quiet in whose middle recordings lie, and in training anywhere; auto is none without
            a background, else a quarter longer than nearly all of them.
        speed: Largest share by which training plays faster or slower, as a tape does: pitch moves with it.
        tempo: How much longer or shorter it has recordings, and each quarter of them beside, last at the same
            pitch: 0.4 is up to 1.4 times as long or short.
        gain: Largest number of decibels by which it plays louder or softer.
        tone: Largest number of decibels by which it raises or lowers mel bands, evenly along them, as
            microphones and rooms do.
        tone_points: Points of the curve along the bands that tones make; the more, the rougher it is.
        warp: Largest share by which it moves all frequencies up or down, as vocal tracts of other lengths do.
        noise: Loudest noise that it adds, in decibels below the recording; none adds none.
        noise_folder: Folder of recordings to take the noise from; white noise otherwise.
        delay: Longest silence, in seconds, that it puts before and after.
        time_mask: Largest share of the steps that training hides, in one stretch.
        band_mask: Largest share of the numbers of all steps that it hides, in one stretch.
    """

    task_defaults: ClassVar[Mapping[str, Any]] = {"bidirectional": False}

    path: str = "auto"
    start: str = "auto"
    end: str = "auto"
    sample_rate: Literal["auto"] | Annotated[int, Field(ge=1_000, le=192_000)] = "auto"
    features: Literal["log_mel", "mfcc"] = "log_mel"
    num_mels: int = Field(default=40, ge=4, le=256)
    num_cepstra: int = Field(default=13, ge=1, le=256)
    window: float = Field(default=25.0, ge=2, le=500)
    shift: float = Field(default=10.0, ge=1, le=500)
    stack: int = Field(default=1, ge=1, le=64)
    standardize: bool = True
    max_seconds: float = Field(default=30.0, gt=0, le=86_400)
    background: float = Field(default=0.0, ge=0, le=1)
    span: Literal["auto", "none"] | Annotated[float, Field(gt=0, le=600)] = "auto"
    speed: Annotated[float, Search(0.0, 0.3)] = Field(default=0.1, ge=0, lt=0.9)
    tempo: Annotated[float, Search(0.0, 0.5)] = Field(default=0.0, ge=0, le=4)
    gain: float = Field(default=6.0, ge=0, le=60)
    tone: float = Field(default=6.0, ge=0, le=60)
    tone_points: int = Field(default=5, ge=2, le=64)
    warp: Annotated[float, Search(0.0, 0.3)] = Field(default=0.0, ge=0, lt=0.9)
    noise: float | None = Field(default=20.0, ge=-20, le=120)
    noise_folder: str | None = None
    delay: float = Field(default=0.0, ge=0, le=60)
    time_mask: Annotated[float, Search(0.0, 0.5)] = Field(default=0.1, ge=0, lt=1)
    band_mask: Annotated[float, Search(0.0, 0.5)] = Field(default=0.2, ge=0, lt=1)

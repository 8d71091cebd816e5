"""Recordings made again of their frames, and the table of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float32

from recurra.decoding.vocoding import Vocoding
from recurra.experiment.examples import Part, with_columns
from recurra.experiment.task import Fitted
from recurra.tasks.vocode.config import VocodeAnswer
from recurra.tasks.vocode.program import program

Samples = Float32[np.ndarray, " _"]


@dataclass(frozen=True)
class VocodePart(Part):
    """Recordings to make again, and how.

    Attributes:
        options: Of the answer.
    """

    options: VocodeAnswer = field(default=VocodeAnswer())


def answer(fitted: Fitted, part: Part) -> list[Samples]:
    """The waveform of every row."""
    options = part.options if isinstance(part, VocodePart) else VocodeAnswer()
    encoding, vocoding = fitted.schema.encoding, Vocoding(program(fitted))
    heard = (encoding.mel.frames(encoding.sound(one)) for one in part.examples.contents)
    return [vocoding.waveform(one, options.seed, options.temperature) for one in heard]


def write(fitted: Fitted, part: Part, given: Sequence[Samples], options: VocodeAnswer) -> pl.DataFrame:
    """The plain columns of the recordings, `seconds`, and with samples `rate` and `samples`."""
    rate = fitted.schema.target.frames.mel.rate
    columns: list[Any] = [pl.Series("seconds", [round(len(one) / rate, 3) for one in given])]
    if options.samples:
        columns.append(pl.Series("rate", [rate] * len(given)))
        columns.append(pl.Series("samples", list(given), dtype=pl.List(pl.Float32)))
    return with_columns(part, columns)

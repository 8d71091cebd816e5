"""How texts are found in what the net says of steps, and the table of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from recurra.decoding.transcription import Hypothesis, Outputs
from recurra.experiment.criterion import CRITERIA
from recurra.experiment.examples import Part, run_over, with_columns
from recurra.experiment.script import Script
from recurra.experiment.task import Fitted
from recurra.tasks.transcribe.config import TranscribeAnswer
from recurra.tasks.transcribe.decoder import decoder_of

_DIGITS = 4


class Answer(NamedTuple):
    """What is written.

    Attributes:
        texts: Of each row the best one.
        found: Of each row the hypotheses, the best first, where a net wrote it.
        outputs: Of each row what the net says of its steps, where a net wrote it.
    """

    texts: Sequence[str]
    found: Sequence[Sequence[Hypothesis]] = ()
    outputs: Sequence[Outputs] = ()


@dataclass(frozen=True)
class TranscribePart(Part):
    """Sequences to write down, and how.

    Attributes:
        options: How to search.
    """

    options: TranscribeAnswer = field(default=TranscribeAnswer())


def answer(fitted: Fitted, part: Part) -> Answer:
    """The best text for every row."""
    options = part.options if isinstance(part, TranscribePart) else TranscribeAnswer()
    script = Script(fitted.schema.target.alphabet, fitted.schema.encoding.step_seconds)
    criterion = CRITERIA[fitted.config.criterion]
    make = decoder_of(options, script, criterion.reading(fitted.model))
    outputs = run_over(fitted.model, part, fitted.config, criterion.outputs)
    found = []
    for own in outputs:
        decoder = make()
        decoder.push(own)
        found.append(decoder.hypotheses(options.n_best))
    return Answer([script.text(row[0].symbols) for row in found], found, outputs)


def write(fitted: Fitted, part: Part, given: Answer, options: TranscribeAnswer) -> pl.DataFrame:
    """The best text of each row with its probability; of several those that follow; where words stand.

    Columns: `prediction`, `confidence`, the probability that the net gives it (of beam=1 that of one
    alignment); with several `alternatives`, the best first, and `scores`, their log probabilities with what
    else counted; with times `words`, each with `start`, `end` and `confidence`.
    """
    script = Script(fitted.schema.target.alphabet, fitted.schema.encoding.step_seconds)
    sure = [round(float(np.exp(row[0].log_probability)), _DIGITS) for row in given.found]
    columns = [pl.Series("prediction", given.texts, pl.String), pl.Series("confidence", sure, pl.Float64)]
    if options.n_best > 1:
        others = [[script.text(one.symbols) for one in row] for row in given.found]
        scores = [[round(one.score, _DIGITS) for one in row] for row in given.found]
        columns += [pl.Series("alternatives", others, pl.List(pl.String))]
        columns += [pl.Series("scores", scores, pl.List(pl.Float64))]
    if options.times:
        align = CRITERIA[fitted.config.criterion].reading(fitted.model).align
        rows = [(row[0].symbols, own) for row, own in zip(given.found, given.outputs, strict=True)]
        words = [[one._asdict() for one in script.words(align(own, text), text)] for text, own in rows]
        kind = pl.Struct(
            {"word": pl.String, "start": pl.Float64, "end": pl.Float64, "confidence": pl.Float64}
        )
        columns += [pl.Series("words", words, pl.List(kind))]
    return with_columns(part, columns)

"""How texts are written: the search for the likeliest ones, and the table of what was found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import polars as pl
import torch
from torch import Tensor

from recurra.data.labelled import batches_by_length
from recurra.decoding.beam import Banned, Step, beam_search
from recurra.decoding.hypothesis import Beam, Hypothesis
from recurra.experiment.banned import BannedTexts
from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.inputs.symbol import END, PADDING, UNKNOWN, Alphabet
from recurra.models.attentive import AttentiveEncoderDecoder, Source, WriterState
from recurra.tasks.translate.config import TranslateAnswer
from recurra.tasks.translate.pairs import SOURCE
from recurra.tasks.translate.target import Target
from recurra.training.device import choose_device
from recurra.types import Sequences

_DIGITS = 4
_WRITTEN_AT_ONCE, _HYPOTHESES = 64, 1000  # texts, and their hypotheses, so that a wide beam needs no more


class Answer(NamedTuple):
    """What is written.

    Attributes:
        texts: Of each row the best one.
        found: Of each row the hypotheses, the best first, where a net wrote it.
        owns: Of each row the texts of the symbols past the alphabet, which were copied.
    """

    texts: Sequence[str]
    found: Sequence[Sequence[Hypothesis]] = ()
    owns: Sequence[Sequence[str]] = ()


SHOWN = TranslateAnswer(attention=True)
"""How what is judged is written: the report shows where it looked."""


@dataclass(frozen=True)
class TranslatePart(Part):
    """Texts to translate, and how.

    Attributes:
        options: How to search.
    """

    options: TranslateAnswer = field(default=TranslateAnswer())


def answer(fitted: Fitted, part: Part) -> Answer:
    """The best text for every row; where nothing is to be read, nothing is written."""
    options = part.options if isinstance(part, TranslatePart) else SHOWN
    target: Target = fitted.schema.target
    longest = [
        target.longest_of(one) if options.max_length == "auto" else options.max_length
        for one in part.examples.contents
    ]
    wanted = options.beam if options.n_best == "beam" else options.n_best
    beam = Beam(
        size=max(options.beam, wanted),
        min_length=options.min_length,
        length_penalty=options.length_penalty,
        coverage_penalty=options.coverage_penalty,
        n_best=wanted,
        diversity=options.diversity,
        forbidden=(PADDING, UNKNOWN),
        keeps_weights=options.attention,
    )
    device = choose_device(fitted.config.device)
    net = cast("AttentiveEncoderDecoder", fitted.model).to(device).eval()
    owns = [target.own(content) for content in part.examples.contents]
    banned = BannedTexts(options.banned, target.alphabet) if options.banned else None
    found: list[list[Hypothesis]] = [[] for _ in longest]
    asked = [row for row, content in enumerate(part.examples.contents) if is_written_for(content)]
    at_once = max(1, min(_WRITTEN_AT_ONCE, _HYPOTHESES // beam.size))
    for places, batch in batches_by_length([part.encoded[row] for row in asked], at_once):
        rows = [asked[place] for place in places]
        begun = [target.beginning(options.prefix, owns[row]) for row in rows]
        unwanted = banned.of([owns[row] for row in rows]) if banned else None
        limits = [longest[row] for row in rows]
        best = written(net, batch.to(device), beam, limits, prefixes=begun, banned=unwanted)
        for row, own in zip(rows, best, strict=True):
            found[row] = own
    texts = [
        target.alphabet.content(row[0].symbols, own) if row else ""
        for row, own in zip(found, owns, strict=True)
    ]
    return Answer(texts, found, owns)


def is_written_for(content: str) -> bool:
    """Whether a text holds anything to be read."""
    return bool(content.strip())


@torch.inference_mode()
def written(
    net: AttentiveEncoderDecoder,
    source: Sequences,
    beam: Beam,
    limits: Sequence[int],
    *,
    prefixes: Sequence[Sequence[int]] | None = None,
    banned: Banned | None = None,
) -> list[list[Hypothesis]]:
    """The likeliest texts for a batch, each of so many symbols at most; the rest as of `beam_search`."""
    read, start = net.read(source)
    rows = torch.arange(len(source), device=source.values.device)
    kept = [rows, read]  # what the rows read that are gone on with, which beams of one row share

    def step(last: Tensor, state: tuple[Tensor, WriterState]) -> Step:
        own, before = state
        if not torch.equal(own, cast("Tensor", kept[0])):
            kept[:] = [own, read.rows(own)]
        looked_at = cast("Source", kept[1])
        found, after = net.step(last, looked_at, before)
        return Step(net.log_probabilities(found, looked_at), (own, after), found.weights)

    return beam_search(
        step,
        (rows, start),
        batch=len(source),
        start=END,
        end=END,
        beam=beam,
        max_lengths=limits,
        prefixes=prefixes,
        banned=banned,
        places=source.lengths.tolist(),
    )


def write(fitted: Fitted, part: Part, given: Answer, options: TranslateAnswer) -> pl.DataFrame:
    """The best text of each row; of several those that follow, with their scores; and where it looked.

    Columns: `source`, `prediction`; with several `alternatives`, the best first, and `scores`, their log
    probabilities by the length penalty; with attention `read` and `written`, the symbols of both (the last
    one is the end), and `attention`, for each of `written` a weight for each of `read`.
    """
    alphabet = fitted.schema.target.alphabet
    columns: dict[str, Any] = {SOURCE: part.examples.contents, "prediction": given.texts}
    if options.n_best != 1:
        columns["alternatives"] = [
            [alphabet.content(one.symbols, own) for one in row]
            for row, own in zip(given.found, given.owns, strict=True)
        ]
        columns["scores"] = [[round(one.score, _DIGITS) for one in row] for row in given.found]
    if options.attention:
        pieces = fitted.schema.encoding.pieces
        columns["read"] = [pieces(content) for content in part.examples.contents]
        columns["written"] = [
            written_symbols(alphabet, row, own) for row, own in zip(given.found, given.owns, strict=True)
        ]
        columns["attention"] = pl.Series(
            [_weights(row) for row in given.found], dtype=pl.List(pl.List(pl.Float64))
        )
    return pl.DataFrame(columns)


def written_symbols(alphabet: Alphabet, row: Sequence[Hypothesis], own: Sequence[str]) -> list[str]:
    """What was written step by step, and its end, or that it was cut off."""
    return [*alphabet.symbols(row[0].symbols, own), "<end>" if row[0].ended else "<cut>"] if row else []


def _weights(row: Sequence[Hypothesis]) -> list[list[float]]:
    if not row or row[0].weights is None:
        return []
    found: list[list[float]] = row[0].weights.double().numpy().round(_DIGITS).tolist()
    return found

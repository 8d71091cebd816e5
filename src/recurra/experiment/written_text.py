"""Texts that a net writes: the search for the likeliest ones, and the columns of what was found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
import torch
from torch import Tensor

from recurra.data.labelled import batches_by_length
from recurra.data.naming import listed
from recurra.decoding.beam import Banned, Step, beam_search
from recurra.decoding.hypothesis import Beam, Hypothesis
from recurra.errors import ConfigError
from recurra.experiment.banned import BannedTexts
from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.experiment.writing_config import WritingAnswer
from recurra.inputs.symbol import END, PADDING, UNKNOWN, Alphabet
from recurra.models.attentive import AttentiveEncoderDecoder, Source, WriterState
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


@dataclass(frozen=True)
class WritingPart(Part):
    """What is to be written of, and how.

    Attributes:
        options: How to search; what is judged is written so that the report can show where it looked.
    """

    options: WritingAnswer = field(default=WritingAnswer(attention=True))


@dataclass(frozen=True)
class Orders:
    """What is asked of the text of each row.

    Attributes:
        limits: Symbols after which it is cut off.
        owns: Texts of the symbols past the alphabet, which can be copied.
        asked: The rows that are written of at all; of the others nothing is.
        begun: The symbols that it begins with.
    """

    limits: Sequence[int]
    owns: Sequence[Sequence[str]]
    asked: Sequence[int]
    begun: Callable[[int], Sequence[int]]


def beam_of(options: WritingAnswer) -> Beam:
    """The search that options ask for."""
    wanted = options.beam if options.n_best == "beam" else options.n_best
    return Beam(
        size=max(options.beam, wanted),
        min_length=options.min_length,
        length_penalty=options.length_penalty,
        coverage_penalty=options.coverage_penalty,
        n_best=wanted,
        diversity=options.diversity,
        forbidden=(PADDING, UNKNOWN),
        keeps_weights=options.attention,
    )


def search(fitted: Fitted, part: Part, options: WritingAnswer, orders: Orders) -> Answer:
    """The best text for every row."""
    alphabet: Alphabet = fitted.schema.target.alphabet
    device = choose_device(fitted.config.device)
    net = cast("AttentiveEncoderDecoder", fitted.model).to(device).eval()
    beam = beam_of(options)
    banned = BannedTexts(options.banned, alphabet) if options.banned else None
    found: list[list[Hypothesis]] = [[] for _ in orders.limits]
    at_once = max(1, min(_WRITTEN_AT_ONCE, _HYPOTHESES // beam.size))
    for places, batch in batches_by_length([part.encoded[row] for row in orders.asked], at_once):
        rows = [orders.asked[place] for place in places]
        begun = [orders.begun(row) for row in rows]
        unwanted = banned.of([orders.owns[row] for row in rows]) if banned else None
        limits = [orders.limits[row] for row in rows]
        best = written(net, batch.to(device), beam, limits, prefixes=begun, banned=unwanted)
        for row, own in zip(rows, best, strict=True):
            found[row] = own
    texts = [
        alphabet.content(row[0].symbols, own) if row else ""
        for row, own in zip(found, orders.owns, strict=True)
    ]
    return Answer(texts, found, orders.owns)


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


def beginning(alphabet: Alphabet, text: str, ids: Sequence[int]) -> list[int]:
    """The numbers of what a text to write is to begin with.

    Args:
        alphabet: Of what is written.
        text: The beginning.
        ids: The numbers of its symbols.

    Raises:
        ConfigError: It holds symbols that cannot be written.
    """
    symbols = alphabet.texts(text) if UNKNOWN in ids else []
    unknown = [symbols[place] for place, number in enumerate(ids) if number == UNKNOWN]
    if unknown:
        raise ConfigError(
            f"a prefix with {listed(map(repr, dict.fromkeys(unknown)))}, which the net cannot write",
            f"{alphabet.unit}s that it knows, or copies from what is read",
            "Write it otherwise, or train with target_tokens=subword, which can write anything.",
        )
    return [int(number) for number in ids]


def columns_of(alphabet: Alphabet, given: Answer, options: WritingAnswer) -> list[pl.Series]:
    """The best text of each row; of several those that follow, with their scores; and where it looked.

    Columns: `prediction`; with several `alternatives`, the best first, and `scores`, their log probabilities
    by the length penalty; with attention `written`, the symbols (the last one is the end), and `attention`,
    for each of them a weight for each step that was read.
    """
    columns = [pl.Series("prediction", given.texts, pl.String)]
    rows = list(zip(given.found, given.owns, strict=True))
    if options.n_best != 1:
        others = [[alphabet.content(one.symbols, own) for one in row] for row, own in rows]
        scores = [[round(one.score, _DIGITS) for one in row] for row in given.found]
        columns += [pl.Series("alternatives", others, pl.List(pl.String))]
        columns += [pl.Series("scores", scores, pl.List(pl.Float64))]
    if options.attention:
        symbols = [written_symbols(alphabet, row, own) for row, own in rows]
        columns += [pl.Series("written", symbols, pl.List(pl.String))]
        weights = [_rounded(row) for row in given.found]
        columns += [pl.Series("attention", weights, pl.List(pl.List(pl.Float64)))]
    return columns


def written_symbols(alphabet: Alphabet, row: Sequence[Hypothesis], own: Sequence[str]) -> list[str]:
    """What was written step by step, and its end, or that it was cut off."""
    return [*alphabet.symbols(row[0].symbols, own), "<end>" if row[0].ended else "<cut>"] if row else []


def looked(row: Sequence[Hypothesis]) -> np.ndarray | None:
    """Where each step of the best text looked, (symbols, steps); None where that was not kept."""
    if not row or row[0].weights is None:
        return None
    found: np.ndarray = row[0].weights.clamp(0, 1).double().numpy()
    return found


def _rounded(row: Sequence[Hypothesis]) -> list[Any]:
    weights = looked(row)
    return [] if weights is None else weights.round(_DIGITS).tolist()

"""What transcripts can be asked for: the evidence of a symbol where it is told, or of all together."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recurra.decoding.connectionist import LogShares, align
from recurra.diagnosis import Question, log_odds
from recurra.experiment.example_question import question_of, rows_of
from recurra.experiment.examples import Part
from recurra.experiment.script import SHIFT
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.tasks.transcribe.search import answer
from recurra.types import Sequences


def explain(fitted: Fitted, part: Part, wanted: Wanted) -> Iterator[Question]:
    """The evidence of the symbols that were told, each at the step that says it loudest: of one, or the sum.

    Rows in which nothing is told are left out.

    Raises:
        ConfigError: There is no such symbol, or one is named without its place.
    """
    alphabet = fitted.schema.target.alphabet
    if wanted.step is None:
        wanted.refuse("outcome", "each symbol has a place of its own; name the step, too")
    names = ["the blank", *alphabet.symbols(range(1 + SHIFT, fitted.schema.target.size + SHIFT))]
    named = wanted.outcome_among(names, alphabet.unit)
    rows = wanted.numbered(len(part))
    given = answer(fitted, rows_of(part, rows))
    for row, text, found, shares in zip(rows, given.texts, given.found, given.shares, strict=True):
        labels = found[0].symbols
        steps = _loudest(shares, labels)
        if not steps:
            continue
        place = wanted.place_among(len(labels), alphabet.unit)
        ask = partial(question_of, fitted, part, row, row=str(row + 1))
        if place is None:
            asked = partial(_result, torch.tensor(steps), torch.tensor(labels))
            yield ask(asked, prediction=text, output=f"sum of the log-odds of all {alphabet.unit}s")
            continue
        label = labels[place] if named is None else named
        yield ask(
            partial(_result, torch.tensor([steps[place]]), torch.tensor([label])),
            prediction=f"{names[labels[place]]}, {alphabet.unit} {place + 1} of {text}",
            output=f"log-odds of {names[label]} at step {steps[place] + 1}",
        )


def _loudest(shares: LogShares, labels: tuple[int, ...]) -> list[int]:
    """The step of each symbol's stretch at which it is likeliest."""
    spans = align(shares, labels)
    return [
        span.first + int(np.argmax(shares[span.first : span.end, label]))
        for span, label in zip(spans, labels, strict=bool(spans))
    ]


def _result(steps: Tensor, labels: Tensor, net: Any, sequences: Sequences) -> Tensor:
    scores = net(sequences).float()
    device = scores.device
    return log_odds(scores[:, steps.to(device)], labels.to(device)).sum(dim=1)

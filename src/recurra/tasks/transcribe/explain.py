"""What transcripts can be asked for: the evidence of a symbol where it is told, or of all together."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recurra.diagnosis import Question, log_odds
from recurra.experiment.criterion import CRITERIA, Criterion
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
    alphabet, criterion = fitted.schema.target.alphabet, CRITERIA[fitted.config.criterion]
    if wanted.step is None:
        wanted.refuse("outcome", "each symbol has a place of its own; name the step, too")
    names = ["the blank", *alphabet.symbols(range(1 + SHIFT, fitted.schema.target.size + SHIFT))]
    named = wanted.outcome_among(names, alphabet.unit)
    rows, reading = wanted.chosen(part.examples.names), criterion.reading(fitted.model)
    given = answer(fitted, rows_of(part, rows))
    for row, text, found, outputs in zip(rows, given.texts, given.found, given.outputs, strict=True):
        labels = found[0].symbols
        steps = [one.loudest for one in reading.align(outputs, labels)]
        if not steps:
            continue
        place = wanted.place_among(len(labels), alphabet.unit)
        asked = partial(_evidence, criterion, torch.tensor(labels), torch.tensor(steps))
        ask = partial(question_of, fitted, part, row, row=part.examples.names[row])
        if place is None:
            summed = partial(_sum, asked, torch.tensor(labels))
            yield ask(summed, prediction=text, output=f"sum of the log-odds of all {alphabet.unit}s")
            continue
        label = labels[place] if named is None else named
        yield ask(
            partial(_one, asked, place, label),
            prediction=f"{names[labels[place]]}, {alphabet.unit} {place + 1} of {text}",
            output=f"log-odds of {names[label]} at step {steps[place] + 1}",
        )


def _evidence(criterion: Criterion, text: Tensor, steps: Tensor, net: Any, sequences: Sequences) -> Tensor:
    device = sequences.values.device
    return criterion.evidence(net, sequences, text.to(device), steps.to(device))


def _sum(asked: Any, labels: Tensor, net: Any, sequences: Sequences) -> Tensor:
    scores = asked(net, sequences)
    return log_odds(scores, labels.to(scores.device)).sum(dim=1)


def _one(asked: Any, place: int, label: int, net: Any, sequences: Sequences) -> Tensor:
    return log_odds(asked(net, sequences)[:, place], label)

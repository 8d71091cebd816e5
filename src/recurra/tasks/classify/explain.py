"""What a classifier's answers can be asked for: the evidence of a class, or what made a number."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from recurra.diagnosis import LOG_ODDS, Question, log_odds
from recurra.experiment.example_question import question_of, rows_of
from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.tasks.classify.answer import answer
from recurra.tasks.classify.show import told
from recurra.tasks.classify.target import Target
from recurra.types import Sequences


def explain(fitted: Fitted, part: Part, wanted: Wanted) -> Iterator[Question]:
    """The evidence of the likeliest class, or of the one that is named, of each row.

    Raises:
        ConfigError: There is no such class, or a step is named.
    """
    target: Target = fitted.schema.target
    wanted.refuse("step", "there is one answer for a whole example")
    if target.kind == "regression":
        wanted.refuse("outcome", f"{target.column} is a number")
    named = wanted.outcome_among(target.labels, "class")
    rows = wanted.chosen(part.examples.names)
    for row, given in zip(rows, answer(fitted, rows_of(part, rows)), strict=True):
        outcome = int(np.argmax(given)) if named is None else named
        number = target.kind == "regression"
        yield question_of(
            fitted,
            part,
            row,
            partial(_result, target, outcome),
            row=part.examples.names[row],
            prediction=told(target, given, exact=False),
            output=target.column if number else f"log-odds of {target.labels[outcome]}",
            unit=target.column if number else LOG_ODDS,
        )


def _result(target: Target, outcome: int, net: Any, sequences: Sequences) -> Tensor:
    scores: Tensor = net(sequences).float()
    if target.kind == "regression":
        return scores[:, 0] * target.deviation + target.mean
    scaled = scores / net.temperature
    return scaled[:, outcome] if target.kind == "multilabel" else log_odds(scaled, outcome)

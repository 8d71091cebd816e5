"""What a tagger's answers can be asked for: the evidence of the tag of a step, or of all together."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recurra.diagnosis import Question, log_odds
from recurra.experiment.example_question import question_of, rows_of
from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.tasks.tag.answer import answer
from recurra.types import Sequences


def explain(fitted: Fitted, part: Part, wanted: Wanted) -> Iterator[Question]:
    """The evidence of the tags that were told: of a step, or the sum over all steps.

    It is that of the net's own scores, before a CRF joins them. Rows without a step are left out.

    Raises:
        ConfigError: There is no such tag or step, or a tag is named without a step.
    """
    tags = fitted.schema.target.tags
    if wanted.step is None:
        wanted.refuse("outcome", "each step has a tag of its own; name the step, too")
    named = wanted.outcome_among(tags, "tag")
    rows = wanted.chosen(part.examples.names)
    for row, given in zip(rows, answer(fitted, rows_of(part, rows)), strict=True):
        if not len(given):
            continue
        step = wanted.place_among(len(given))
        own = given if step is None or named is None else [named] * len(given)
        yield question_of(
            fitted,
            part,
            row,
            partial(_result, fitted.config.look_ahead, torch.as_tensor(own), step),
            row=part.examples.names[row],
            prediction=" ".join(tags[one] for one in given)
            if step is None
            else f"{tags[given[step]]} at step {step + 1}",
            output="sum of the log-odds of all tags"
            if step is None
            else f"log-odds of {tags[own[step]]} at step {step + 1}",
        )


def _result(look_ahead: int, tags: Tensor, step: int | None, net: Any, sequences: Sequences) -> Tensor:
    scores = net(sequences.extended(look_ahead)).float()[:, look_ahead:]
    evidence = log_odds(scores, tags.to(scores.device))
    return evidence.sum(dim=1) if step is None else evidence[:, step]

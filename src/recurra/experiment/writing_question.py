"""What a written text can be asked for: which of the steps that were read made it, or a symbol of it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recurra.diagnosis import Question, log_odds
from recurra.experiment.example_question import question_of, rows_of
from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.experiment.written_text import Answer, written_symbols
from recurra.inputs.symbol import END
from recurra.types import Sequences


def questions(
    answer: Callable[[Fitted, Part], Answer], fitted: Fitted, part: Part, wanted: Wanted
) -> Iterator[Question]:
    """The evidence of a symbol that was written after those before it, or the sum over all of them.

    Rows of which nothing is written are left out.

    Args:
        answer: What writes the texts.
        fitted: The net.
        part: What is written of.
        wanted: Which rows, and which symbol.

    Raises:
        ConfigError: There is no such step, or an outcome is named.
    """
    wanted.refuse("outcome", "what was written is explained")
    alphabet = fitted.schema.target.alphabet
    rows = wanted.chosen(part.examples.names)
    given = answer(fitted, rows_of(part, rows))
    for row, text, found, own in zip(rows, given.texts, given.found, given.owns, strict=True):
        if not found:
            continue
        symbols = written_symbols(alphabet, found, own)
        if not found[0].ended:
            symbols = symbols[:-1]  # nothing was chosen where it was cut off
        ids = [*found[0].symbols, END][: len(symbols)]
        step = wanted.place_among(len(symbols))
        yield question_of(
            fitted,
            part,
            row,
            partial(_result, torch.tensor([ids]), step),
            row=part.examples.names[row],
            prediction=text if step is None else f"{text} ({symbols[step]} at step {step + 1})",
            output="sum of the log-odds of all symbols"
            if step is None
            else f"log-odds of {symbols[step]} at step {step + 1}",
        )


def _result(ids: Tensor, step: int | None, net: Any, sequences: Sequences) -> Tensor:
    written = ids.to(sequences.values.device).expand(len(sequences), -1)
    before = torch.cat([torch.full_like(written[:, :1], END), written[:, :-1]], dim=1)
    found = net(sequences, before)  # first, since it is in this call that something else may be read
    read, _ = net.read(sequences)
    evidence = []
    for place in range(written.shape[1]) if step is None else (step,):
        one = type(found)(*(None if field is None else field[:, place] for field in found))
        evidence.append(log_odds(net.log_probabilities(one, read), written[:, place]))
    return torch.stack(evidence).sum(dim=0)

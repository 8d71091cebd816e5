"""What a language model can be asked for: which of the symbols before made it expect the next one."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from torch import Tensor

from recurra.data.naming import counted
from recurra.diagnosis import LOG_ODDS, Column, Question, log_odds, reading_at
from recurra.errors import ConfigError
from recurra.experiment.explanation_section import step_text
from recurra.experiment.symbols import SymbolPart
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.inputs.symbol import END, RESERVED, UNKNOWN, Alphabet
from recurra.models.next_symbol import NextSymbol
from recurra.training.device import choose_device

_CONTEXT = 200  # symbols before, which are shown
_END = "⊣"


def explain(fitted: Fitted, part: SymbolPart, wanted: Wanted) -> Iterator[Question]:
    """The evidence of the likeliest next symbol, or of the one that is named, after a document or at a step.

    Raises:
        ConfigError: There is no such symbol or step.
    """
    alphabet: Alphabet = fitted.schema.alphabet
    net = cast("NextSymbol", fitted.model.to(choose_device(fitted.config.device)).eval())
    named = None if wanted.outcome is None else _number_of(wanted.outcome, alphabet)
    for row in wanted.chosen(part.names):
        begin, end = int(part.starts[row]), int(part.ends[row])
        if end > begin and part.tokens.read(end - 1, end)[0] == END:
            end -= 1
        place = wanted.place_among(end - begin + 1, alphabet.unit)
        last = end if place is None else begin + place
        seen = np.asarray(part.tokens.read(max(begin, last - _CONTEXT), last), np.int64)
        yield _question(net, alphabet, np.concatenate([[END], seen])[-_CONTEXT:], part.names[row], named)


def _question(net: NextSymbol, alphabet: Alphabet, seen: np.ndarray, row: str, named: int | None) -> Question:
    read_ids = torch.as_tensor(seen).unsqueeze(0).to(net.embedding.weight.device)
    with torch.no_grad():
        chances = net(read_ids)[0][0, -1].float().softmax(dim=-1)
    chances[[one for one in range(RESERVED) if one != END]] = 0
    likeliest = int(chances.argmax())
    outcome = likeliest if named is None else named

    def run(count: int) -> Tensor:
        logits: Tensor = net(read_ids.expand(count, -1))[0][:, -1].float()
        return log_odds(logits, outcome)

    function, read = reading_at(net.stack, run)
    return Question(
        row,
        f"{step_text(_shown(alphabet, likeliest))} ({float(chances[likeliest]):.0%})",
        f"log-odds of {step_text(_shown(alphabet, outcome))}",
        LOG_ODDS,
        function,
        read,
        torch.zeros_like(read),
        "embeddings of zeros",
        tuple(_shown(alphabet, int(one)) for one in seen),
        (Column("", read.shape[-1]),),
        separator=alphabet.separator,
    )


def _shown(alphabet: Alphabet, number: int) -> str:
    """A symbol as people see it."""
    if number < RESERVED:
        return _END if number == END else "�"
    return alphabet.symbols([number])[0]


def _number_of(text: str, alphabet: Alphabet) -> int:
    """The number of a symbol that is named.

    Raises:
        ConfigError: It is none, or several.
    """
    if text in (_END, "<end>"):
        return END
    ids = alphabet.ids(text)
    if len(ids) != 1 or ids[0] == UNKNOWN:
        raise ConfigError(
            f"outcome {text!r}, which is {counted(len(ids), alphabet.unit)} or unknown",
            f"a {alphabet.unit} that training met",
            "Name another one.",
        )
    return int(ids[0])

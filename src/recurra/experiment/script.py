"""From the labels of steps to texts that people read; no torch, for streams."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recurra.decoding.transcription import Span
from recurra.inputs.symbol import RESERVED, Alphabet

_WORD = re.compile(r"\S+")
_DIGITS = 3
SHIFT = RESERVED - 1
"""What a symbol's number is larger by than its label: labels are the blank, 0, and the symbols from 1 on."""


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        word: It.
        start, end: Where it stands, in seconds (in steps where these have no duration): from the first step
            of its first symbol to the end of the last step of its last one.
        confidence: The geometric mean of the largest probabilities of its symbols.
    """

    word: str
    start: float
    end: float
    confidence: float


class Script:
    """Labels as texts.

    Args:
        alphabet: What texts are made of.
        step_seconds: From one step to the next; None where steps have no duration.
    """

    def __init__(self, alphabet: Alphabet, step_seconds: float | None) -> None:
        self.alphabet, self.step_seconds = alphabet, step_seconds

    def text(self, labels: Sequence[int]) -> str:
        """What people read."""
        return " ".join(self.alphabet.content([one + SHIFT for one in labels]).split())

    def pieces(self) -> list[str]:
        """What each label adds to a text by itself; the blank nothing."""
        numbers = range(RESERVED, len(self.alphabet))
        space = " " if self.alphabet.unit == "word" else ""
        return ["", *(f"{space}{one}" for one in self.alphabet.symbols(list(numbers)))]

    def words(self, spans: Sequence[Span], labels: Sequence[int]) -> list[Word]:
        """The words of a text whose symbols stand there; none where they stand nowhere."""
        if not spans:
            return []
        writer, text, owners = self.alphabet.writer(), "", []
        for place, label in enumerate(labels):
            added = writer.put(label + SHIFT)
            text += added
            owners += [place] * len(added)
        rest = writer.finish()
        text, owners = text + rest, owners + [len(labels) - 1] * len(rest)
        unit = self.step_seconds or 1
        found = []
        for match in _WORD.finditer(text):
            own = spans[owners[match.start()] : owners[match.end() - 1] + 1]
            start, end = (round(step * unit, _DIGITS) for step in (own[0].first, own[-1].end))
            sure = float(np.exp(np.mean([one.log_share for one in own])))
            found.append(Word(match[0], start, end, round(sure, _DIGITS)))
        return found

"""A language model's opinion of texts, while they are searched for (shallow fusion); no torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recurra.errors import ConfigError
from recurra.experiment.generation import ProgramSymbols, symbols_of
from recurra.inputs.symbol import END
from recurra.streaming import PROGRAM, Program, Session


class _Heard(NamedTuple):
    """Where a language model is: its session, and log probabilities of what comes next."""

    session: Session
    next: np.ndarray


class LanguageScorer:
    """Log probabilities of a run of `recurra train language`, times a weight.

    A text is read as its symbols are: both nets may be made of other pieces, but those of a model of words
    come too late to be of use before a word is whole; one of characters is meant.

    Args:
        program: The language model's.
        texts: What each label adds to a text, by its number.
        weight: How much it counts.

    Raises:
        DamagedError: The program is none of a language model.
        ConfigError: It tells of no characters.
    """

    def __init__(self, program: Program, texts: Sequence[str], weight: float) -> None:
        self._symbols: ProgramSymbols = symbols_of(program)
        alphabet = self._symbols.live.alphabet
        if alphabet.unit != "character":
            raise ConfigError(
                f"a language model of {alphabet.unit}s",
                "one of characters, which can be asked after each symbol",
                "Train one with tokens=character.",
            )
        self._program, self._weight = program, weight
        self._numbers = [alphabet.ids(text).tolist() for text in texts]

    @classmethod
    def of_run(cls, run: Path, texts: Sequence[str], weight: float) -> "LanguageScorer":
        """That of a run folder.

        Raises:
            DamagedError: There is no run, or a file is damaged.
            ConfigError: It is none of a language model of characters.
        """
        return cls(Program.load(run / PROGRAM), texts, weight)

    def start(self) -> _Heard:
        """Before the first symbol."""
        return self._after(self._program.session(), END)

    def extend(self, state: _Heard, symbol: int) -> tuple[float, _Heard]:
        """See `recurra.decoding.transcription.Scorer`."""
        total = 0.0
        for number in self._numbers[symbol]:
            total += float(state.next[number])
            state = self._after(state.session.fork(), number)
        return self._weight * total, state

    def end(self, state: _Heard) -> float:
        """The end, where the model tells of it."""
        return self._weight * float(state.next[END]) if self._symbols.has_ends else 0.0

    def _after(self, session: Session, number: int) -> _Heard:
        scores = np.asarray(self._symbols.logits(session.step(number)), np.float64)
        raised = scores - scores.max()
        return _Heard(session, raised - np.log(np.exp(raised).sum()))

"""A language model's opinion of texts, while they are searched for (shallow fusion); no torch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recurra.errors import ConfigError, DamagedError
from recurra.experiment.generation import symbols_of
from recurra.experiment.learnt import DESCRIPTION, read_learnt
from recurra.files import damage_told
from recurra.inputs.symbol import END
from recurra.metrics.kneser_ney import KneserNey
from recurra.streaming import PROGRAM, Program, Session


class _Heard(NamedTuple):
    """Where a language model is: its memory, and log probabilities of what comes next."""

    memory: Any
    next: np.ndarray


class LanguageScorer:
    """Log probabilities of a run of `recurra train language`, times a weight.

    A text is read as its symbols are: both nets may be made of other pieces, but those of a model of words
    come too late to be of use before a word is whole; one of characters is meant.

    Args:
        program: The language model's.
        texts: What each label adds to a text, by its number.
        weight: How much it counts.
        grams: N-grams of the same symbols, which are asked in place of the net.

    Raises:
        DamagedError: The program is none of a language model, or the n-grams are of other symbols.
        ConfigError: It tells of no characters.
    """

    def __init__(
        self, program: Program, texts: Sequence[str], weight: float, grams: KneserNey | None = None
    ) -> None:
        symbols = symbols_of(program)
        alphabet = symbols.live.alphabet
        if alphabet.unit != "character":
            raise ConfigError(
                f"a language model of {alphabet.unit}s",
                "one of characters, which can be asked after each symbol",
                "Train one with tokens=character.",
            )
        if grams is not None and grams.vocabulary != len(alphabet):
            raise DamagedError(
                f"n-grams of {grams.vocabulary} symbols beside a net of {len(alphabet)}",
                "those of the same run",
                "Restore the run from a copy.",
            )
        self._weight, self._has_ends = weight, symbols.has_ends
        self._after = _by_net(program, symbols.logits) if grams is None else _by_grams(grams)
        self._numbers = [alphabet.ids(text).tolist() for text in texts]

    @classmethod
    def of_run(cls, run: Path, texts: Sequence[str], weight: float) -> "LanguageScorer":
        """That of a run folder, or of its n-grams, which lie in its folder `baselines/n_grams`.

        Raises:
            DamagedError: There is no run, or a file is damaged.
            ConfigError: It is none of a language model of characters.
        """
        if not (run / DESCRIPTION).exists():
            return cls(Program.load(run / PROGRAM), texts, weight)
        with damage_told(run / DESCRIPTION):
            grams = KneserNey.from_arrays(read_learnt(run.parent)[run.name].arrays)
        return cls(Program.load(run.parent.parent / PROGRAM), texts, weight, grams)

    def start(self) -> _Heard:
        """Before the first symbol."""
        return self._after(None, END)

    def extend(self, state: _Heard, symbol: int) -> tuple[float, _Heard]:
        """See `recurra.decoding.transcription.Scorer`."""
        total = 0.0
        for number in self._numbers[symbol]:
            total += float(state.next[number])
            state = self._after(state.memory, number)
        return self._weight * total, state

    def end(self, state: _Heard) -> float:
        """The end, where the model tells of it."""
        return self._weight * float(state.next[END]) if self._has_ends else 0.0


def _by_net(program: Program, logits: Callable[[Any], Any]) -> Callable[[Any, int], _Heard]:
    """What a net says after one more symbol; its memory is a session."""
    begin = program.session()

    def after(memory: Session | None, number: int) -> _Heard:
        session = (begin if memory is None else memory).fork()
        scores = np.asarray(logits(session.step(number)), np.float64)
        raised = scores - scores.max()
        return _Heard(session, raised - np.log(np.exp(raised).sum()))

    return after


def _by_grams(grams: KneserNey) -> Callable[[Any, int], _Heard]:
    """What n-grams say after one more symbol; their memory are the last symbols."""

    def after(memory: tuple[int, ...] | None, number: int) -> _Heard:
        seen = (*(memory or ()), number)[-max(len(grams.orders), 1) :]
        shares = grams.distribution(seen)
        return _Heard(seen, np.log(np.maximum(shares, np.finfo(np.float64).tiny)))

    return after

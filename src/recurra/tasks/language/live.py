"""A language model on a live stream; no torch."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.errors import DataError
from recurra.experiment.generation import symbols_of
from recurra.experiment.live import END as LAST
from recurra.experiment.live import SEQUENCE, START, is_true
from recurra.inputs.symbol import END, PADDING, UNKNOWN
from recurra.streaming import Live, Prediction, Program, Session
from recurra.streaming.live import ONLY, Memory, States, Step, Stepping, values_of, wrong_state

_LIKELY = 5
_DIGITS = 4


class LiveLanguage(Live):
    """After every row how surprising its text was, in bits, and what most likely comes next.

    With the row that ends a sequence, which needs no text, comes how surprising the end was, if it is told.

    A row may name its sequence (`sequence_id`) and end it (`sequence_end`). What is remembered of a sequence
    is the state before its last symbol, and that symbol.

    Args:
        program: What a language model's `to_program` made.
        weights: "float32", "bfloat16" or "int8".

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
    """

    def __init__(self, program: Program, weights: str = "float32") -> None:
        self._input, self._has_ends, self._logits = symbols_of(program)
        self.program, self.digest = program, program.digest
        self._blank = program.session(weights)
        self._open: dict[str, tuple[Session, int]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the input."""
        return self._input.columns

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`: `bits` of the row's text, the likeliest symbols after it, their shares."""
        given = row if isinstance(row, Mapping) else values_of(row, self.columns)
        name = given.get(SEQUENCE, ONLY)
        if not isinstance(name, str | int):
            raise DataError(f"{SEQUENCE} holds {name!r}", "the name or number of a sequence", "Correct it.")
        ends, goes_on = is_true(given, LAST), not is_true(given, START)
        symbols = [] if ends and not given.get(self.columns[0]) else list(self._input.steps(given))
        symbols += [END] if ends and self._has_ends else []
        before = self._open.get(str(name)) if goes_on else None
        session, last = before or (self._blank.fork(), END)
        bits = 0.0
        for symbol in symbols:
            told = yield Step(session, last)
            bits -= float(_log_shares(self._logits(told))[symbol]) / math.log(2)
            last = symbol
        after = yield Step(session.fork(), last)
        shares = np.exp(_log_shares(self._logits(after)))
        shares[[PADDING, UNKNOWN]] = 0
        likely = np.argsort(-shares, kind="stable")[: min(_LIKELY, int((shares > 0).sum()))]
        if ends:
            self._open.pop(str(name), None)
        else:
            self._open[str(name)] = session, last
        said = ["<end>" if one == END else self._input.alphabet.content([one]) for one in likely.tolist()]
        values = {"bits": round(bits, _DIGITS), "next": said}
        values["probability"] = [round(float(shares[one]), _DIGITS) for one in likely]
        return Prediction({SEQUENCE: name} if SEQUENCE in given else {}, values)

    @property
    def names(self) -> Collection[str]:
        """See `Live.names`."""
        return self._open

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {name: Memory(session.snapshot(), float(last)) for name, (session, last) in self._open.items()}

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        found = {}
        for name, (content, last, *others) in states.items():
            if last is None or any(others) or last not in range(len(self._input.alphabet)):
                raise wrong_state()
            session = self._blank.fork()
            session.restore(content)
            found[name] = session, int(last)
        self._open = found


def _log_shares(logits: Any) -> np.ndarray:
    scores = np.asarray(logits, np.float64)
    raised = scores - scores.max()
    return np.asarray(raised - np.log(np.exp(raised).sum()))

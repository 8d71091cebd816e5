"""Search for the text behind the labels of steps, as they come: the best path, or beams of beginnings.

What has been found is the same whether steps come one by one or all at once. No torch is needed.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from recurra.decoding.connectionist import BLANK, LogShares

_NEVER = -np.inf
_UNLIKELY = 12.0  # labels so much less likely than the likeliest one of their step are not gone on with


class Hypothesis(NamedTuple):
    """A text.

    Attributes:
        symbols: Its symbols.
        log_probability: That the net gives it, over all alignments that were followed.
        score: The same with what scorers say.
    """

    symbols: tuple[int, ...]
    log_probability: float
    score: float


@runtime_checkable
class Scorer(Protocol):
    """Says of texts how good they are, beside the net: a language model, a list of words."""

    def start(self) -> Any:
        """The state before the first symbol."""

    def extend(self, state: Any, symbol: int) -> tuple[float, Any]:
        """What a symbol adds to the log probability after a state, and the state after it."""

    def end(self, state: Any) -> float:
        """What the end adds."""


class Decoder(ABC):
    """Takes the steps of a sequence, and tells the texts that are likely so far."""

    @abstractmethod
    def push(self, log_shares: LogShares) -> None:
        """Take steps: log probabilities (time, labels)."""

    @abstractmethod
    def best(self) -> tuple[int, ...]:
        """The symbols that are likeliest so far, if more may follow."""

    @abstractmethod
    def hypotheses(self, count: int) -> list[Hypothesis]:
        """The likeliest texts, if nothing follows, the best first: so many, or as many as there are."""


class BestPath(Decoder):
    """The likeliest label of every step: the likeliest alignment, whose text need not be the likeliest."""

    def __init__(self) -> None:
        self._symbols: list[int] = []
        self._last, self._total = BLANK, 0.0

    def push(self, log_shares: LogShares) -> None:
        """See `Decoder.push`."""
        for label, share in zip(log_shares.argmax(axis=1).tolist(), log_shares.max(axis=1), strict=True):
            if label not in (BLANK, self._last):
                self._symbols.append(label)
            self._last, self._total = label, self._total + float(share)

    def best(self) -> tuple[int, ...]:
        """See `Decoder.best`."""
        return tuple(self._symbols)

    def hypotheses(self, count: int) -> list[Hypothesis]:
        """The one text; its probability is that of the alignment, and so too low."""
        del count
        return [Hypothesis(tuple(self._symbols), self._total, self._total)]


class _Beginning(NamedTuple):
    """A beginning of a text.

    Attributes:
        blank: Log probability of its alignments that end with a blank.
        symbol: Of those that end with its last symbol.
        extra: What scorers said of it.
        state: That of the scorer after it.
    """

    blank: float
    symbol: float
    extra: float
    state: Any

    @property
    def log_probability(self) -> float:
        return float(np.logaddexp(self.blank, self.symbol))

    @property
    def score(self) -> float:
        return self.log_probability + self.extra


class PrefixBeam(Decoder):
    """Beginnings of texts, each with the sum over its alignments; the best ones are gone on with.

    Exact where the beam holds all beginnings and nothing is unlikely.

    Source: Hannun and others, "First-pass large vocabulary continuous speech recognition using bi-directional
    recurrent DNNs" (2014).

    Args:
        size: How many are gone on with.
        scorer: What else counts.
        unlikely: By how much less likely than the likeliest one of its step a label is left out.
    """

    def __init__(self, size: int, scorer: Scorer | None = None, unlikely: float = _UNLIKELY) -> None:
        self._size, self._scorer, self._unlikely = size, scorer, unlikely
        self._open: Mapping[tuple[int, ...], _Beginning] = {
            (): _Beginning(0.0, _NEVER, 0.0, None if scorer is None else scorer.start())
        }

    def push(self, log_shares: LogShares) -> None:
        """See `Decoder.push`."""
        for shares in log_shares.astype(np.float64):
            self._step(shares)

    def _step(self, shares: np.ndarray) -> None:
        likely = np.flatnonzero(shares >= shares.max() - self._unlikely)
        labels = [(int(label), float(shares[label])) for label in likely if label != BLANK]
        blank = float(shares[BLANK])
        found: dict[tuple[int, ...], list[float]] = {}
        for text, one in self._open.items():
            own, total = found.setdefault(text, [_NEVER, _NEVER]), one.log_probability
            own[0] = np.logaddexp(own[0], total + blank)
            if text:
                own[1] = np.logaddexp(own[1], one.symbol + float(shares[text[-1]]))
            for label, share in labels:
                before = one.blank if text[-1:] == (label,) else total
                if before > _NEVER:
                    longer = found.setdefault((*text, label), [_NEVER, _NEVER])
                    longer[1] = np.logaddexp(longer[1], before + share)
        ranked = ((text, self._scored(text, *sums)) for text, sums in found.items())
        kept = [(text, one) for text, one in ranked if one.score > _NEVER]
        if len(kept) > self._size:
            kept.sort(key=lambda pair: -pair[1].score)
        self._open = dict(kept[: self._size])

    def _scored(self, text: tuple[int, ...], blank: float, symbol: float) -> _Beginning:
        known = self._open.get(text)
        if known is not None:
            return _Beginning(blank, symbol, known.extra, known.state)
        if self._scorer is None:
            return _Beginning(blank, symbol, 0.0, None)
        before = self._open[text[:-1]]
        added, state = self._scorer.extend(before.state, text[-1])
        return _Beginning(blank, symbol, before.extra + added, state)

    def best(self) -> tuple[int, ...]:
        """See `Decoder.best`."""
        return max(self._open.items(), key=lambda pair: pair[1].score)[0]

    def hypotheses(self, count: int) -> list[Hypothesis]:
        """See `Decoder.hypotheses`; where no text may end as it stands, all may."""
        ended = [
            Hypothesis(text, one.log_probability, one.score + self._end(one))
            for text, one in self._open.items()
        ]
        allowed = [one for one in ended if one.score > _NEVER]
        if not allowed:
            allowed = [Hypothesis(text, one.log_probability, one.score) for text, one in self._open.items()]
        return sorted(allowed, key=lambda one: (-one.score, one.symbols))[:count]

    def _end(self, one: _Beginning) -> float:
        return 0.0 if self._scorer is None else self._scorer.end(one.state)


class Together:
    """Several scorers as one, and a bonus for each symbol."""

    def __init__(self, scorers: Sequence[Scorer], bonus: float = 0.0) -> None:
        self._scorers, self._bonus = scorers, bonus

    def start(self) -> Any:
        """See `Scorer.start`."""
        return tuple(one.start() for one in self._scorers)

    def extend(self, state: Any, symbol: int) -> tuple[float, Any]:
        """See `Scorer.extend`; who forbids a symbol is asked before those that come after."""
        added, after = self._bonus, []
        for one, own in zip(self._scorers, state, strict=True):
            more, next_state = one.extend(own, symbol)
            added += more
            after.append(next_state)
            if added == _NEVER:
                return _NEVER, None
        return added, tuple(after)

    def end(self, state: Any) -> float:
        """See `Scorer.end`."""
        return sum(one.end(own) for one, own in zip(self._scorers, state, strict=True))


class WordList:
    """Forbids every word that is not in a list; words stand between spaces.

    Args:
        words: The list.
        texts: What each label adds to a text, by its number.
    """

    def __init__(self, words: Iterable[str], texts: Sequence[str]) -> None:
        self._texts = texts
        self._tree: dict[str, Any] = {}
        for word in words:
            node = self._tree
            for letter in word:
                node = node.setdefault(letter, {})
            node[" "] = True  # it may end here

    def start(self) -> Any:
        """Before the first letter of a word."""
        return self._tree

    def extend(self, state: Any, symbol: int) -> tuple[float, Any]:
        """See `Scorer.extend`: nothing, or that it is never so."""
        for letter in self._texts[symbol]:
            if letter.isspace():
                if self.end(state) == _NEVER:
                    return _NEVER, None
                state = self._tree
            elif letter in state:
                state = state[letter]
            else:
                return _NEVER, None
        return 0.0, state

    def end(self, state: Any) -> float:
        """Nothing after a whole word, or before one."""
        return 0.0 if state is self._tree or " " in state else _NEVER

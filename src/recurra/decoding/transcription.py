"""Search for the text behind the steps of a sequence, as they come: what all ways to tell texts share.

What has been found is the same whether steps come one by one or all at once. No torch is needed.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

BLANK = 0
NEVER = -np.inf
UNLIKELY = 12.0
"""Labels so much less likely than the likeliest one of their step are not gone on with."""

Outputs = Float[np.ndarray, "time numbers"]
"""What a net says of every step; a `Reading` knows what it means."""
Text = tuple[int, ...]


class Span(NamedTuple):
    """Where a symbol stands.

    Attributes:
        first: Its first step.
        end: The step after its last.
        loudest: The step at which it is likeliest.
        log_share: Its log probability there.
    """

    first: int
    end: int
    loudest: int
    log_share: float


class Hypothesis(NamedTuple):
    """A text.

    Attributes:
        symbols: Its symbols.
        log_probability: That the net gives it, over all alignments that were followed.
        score: The same with what scorers say.
    """

    symbols: Text
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
    """Takes the steps of a sequence, and tells the texts that are likely so far.

    Attributes:
        blanks: How many steps have told nothing since the last one that told a symbol.
    """

    blanks: int = 0

    @abstractmethod
    def push(self, outputs: Outputs) -> None:
        """Take steps."""

    @abstractmethod
    def best(self) -> Text:
        """The symbols that are likeliest so far, if more may follow."""

    @abstractmethod
    def hypotheses(self, count: int) -> list[Hypothesis]:
        """The likeliest texts, if nothing follows, the best first: so many, or as many as there are."""


class Greedy(Decoder):
    """The likeliest label each time: one alignment, whose text need not be the likeliest."""

    def __init__(self) -> None:
        self._symbols: list[int] = []
        self._total = 0.0

    def best(self) -> Text:
        """See `Decoder.best`."""
        return tuple(self._symbols)

    def hypotheses(self, count: int) -> list[Hypothesis]:
        """The one text; its probability is that of the alignment, and so too low."""
        del count
        return [Hypothesis(self.best(), self._total, self._total)]


class Reading(ABC):
    """How texts are read out of what a net says of steps."""

    @abstractmethod
    def greedy(self) -> Decoder:
        """What takes the likeliest label each time."""

    @abstractmethod
    def beam(self, size: int, scorer: Scorer | None = None, unlikely: float = UNLIKELY) -> Decoder:
        """What goes on with so many beginnings of texts.

        Args:
            size: How many.
            scorer: What else counts.
            unlikely: By how much less likely than the likeliest one of its step a label is left out.
        """

    @abstractmethod
    def align(self, outputs: Outputs, symbols: Sequence[int]) -> list[Span]:
        """Where each symbol of a text stands in its likeliest alignment; nothing where it does not fit in."""


@runtime_checkable
class Beginning(Protocol):
    """A beginning of a text in a beam."""

    @property
    def log_probability(self) -> float:
        """That of all its alignments."""

    @property
    def opinion(self) -> "Opinion":
        """What the scorer says."""


class Opinion(NamedTuple):
    """What a scorer says of a beginning: what it adds to the log probability, and its state after it."""

    extra: float
    state: Any


class Opinions:
    """The opinions of a scorer, or of none.

    Args:
        scorer: It.
    """

    def __init__(self, scorer: Scorer | None) -> None:
        self._scorer = scorer
        self.first = Opinion(0.0, None if scorer is None else scorer.start())

    def after(self, before: Opinion, symbol: int) -> Opinion:
        """That of a beginning with one more symbol."""
        if self._scorer is None:
            return before
        added, state = self._scorer.extend(before.state, symbol)
        return Opinion(before.extra + added, state)

    def ranked(self, open: Mapping[Text, Beginning], count: int) -> list[Hypothesis]:
        """Beginnings as texts, the best first; where none may end as it stands, all may."""
        ended = []
        for text, one in open.items():
            score = one.log_probability + one.opinion.extra
            end = 0.0 if self._scorer is None else self._scorer.end(one.opinion.state)
            ended.append((score + end, Hypothesis(text, one.log_probability, score)))
        found = [one._replace(score=score) for score, one in ended if score > NEVER]
        found = found or [one for _, one in ended]
        return sorted(found, key=lambda one: (-one.score, one.symbols))[:count]


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
            if added == NEVER:
                return NEVER, None
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
                if self.end(state) == NEVER:
                    return NEVER, None
                state = self._tree
            elif letter in state:
                state = state[letter]
            else:
                return NEVER, None
        return 0.0, state

    def end(self, state: Any) -> float:
        """Nothing after a whole word, or before one."""
        return 0.0 if state is self._tree or " " in state else NEVER

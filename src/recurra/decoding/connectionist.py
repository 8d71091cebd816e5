"""Labels of the steps of connectionist temporal classification, and the symbols that they stand for.

At every step a net gives a symbol or a blank. A text is what is left when equal neighbours are one, and then
blanks are dropped; so its probability is the sum over all rows of labels ("alignments") that leave it.

Source: Graves and others, "Connectionist temporal classification" (2006). No torch is needed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from recurra.decoding.transcription import (
    BLANK,
    NEVER,
    UNLIKELY,
    Decoder,
    Greedy,
    Hypothesis,
    Opinion,
    Opinions,
    Reading,
    Scorer,
    Span,
    Text,
)

LogShares = Float[np.ndarray, "time labels"]
"""Log probabilities of the labels of every step, the blank first."""


def collapsed(labels: Sequence[int]) -> list[int]:
    """The symbols that labels stand for.

    >>> collapsed([0, 3, 3, 0, 3, 5])
    [3, 3, 5]
    """
    return [
        label for at, label in enumerate(labels) if label != BLANK and (at == 0 or labels[at - 1] != label)
    ]


def align(log_shares: LogShares, symbols: Sequence[int]) -> list[Span]:
    """Where each symbol of a text stands in its likeliest alignment; nothing where it does not fit in.

    Args:
        log_shares: (time, labels).
        symbols: The text.
    """
    if not symbols:
        return []
    states = np.full(2 * len(symbols) + 1, BLANK)
    states[1::2] = symbols
    skips = np.zeros(len(states), bool)  # whether a state follows the one before the one before it
    skips[3::2] = states[3::2] != states[1:-2:2]
    best = np.full(len(states), -np.inf)
    best[:2] = log_shares[0, states[:2]]
    moves = np.zeros((len(log_shares), len(states)), np.int8)
    for step in range(1, len(log_shares)):
        one = np.concatenate([[-np.inf], best[:-1]])
        two = np.where(skips, np.concatenate([[-np.inf, -np.inf], best[:-2]]), -np.inf)
        choices = np.stack([best, one, two])
        moves[step] = choices.argmax(axis=0)
        best = choices.max(axis=0) + log_shares[step, states]
    state = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    if not np.isfinite(best[state]):
        return []
    path = np.empty(len(log_shares), np.int64)
    for step in range(len(log_shares) - 1, -1, -1):
        path[step] = state
        state -= moves[step, state]
    found = []
    for place, symbol in enumerate(symbols):
        steps = np.flatnonzero(path == 2 * place + 1)
        loudest = int(steps[log_shares[steps, symbol].argmax()])
        found.append(Span(int(steps[0]), int(steps[-1]) + 1, loudest, float(log_shares[loudest, symbol])))
    return found


class BestPath(Greedy):
    """The likeliest label of every step: the likeliest alignment, whose text need not be the likeliest."""

    def __init__(self) -> None:
        super().__init__()
        self._last = BLANK

    def push(self, outputs: LogShares) -> None:
        """See `Decoder.push`."""
        for label, share in zip(outputs.argmax(axis=1).tolist(), outputs.max(axis=1), strict=True):
            if label not in (BLANK, self._last):
                self._symbols.append(label)
            self.blanks = self.blanks + 1 if label == BLANK else 0
            self._last, self._total = label, self._total + float(share)


class _Beginning(NamedTuple):
    """A beginning of a text.

    Attributes:
        blank: Log probability of its alignments that end with a blank.
        symbol: Of those that end with its last symbol.
        opinion: What the scorer says of it.
    """

    blank: float
    symbol: float
    opinion: Opinion

    @property
    def log_probability(self) -> float:
        return float(np.logaddexp(self.blank, self.symbol))

    @property
    def score(self) -> float:
        return self.log_probability + self.opinion.extra


class PrefixBeam(Decoder):
    """Beginnings of texts, each with the sum over its alignments; the best ones are gone on with.

    Exact where the beam holds all beginnings and nothing is unlikely.

    Source: Hannun and others, "First-pass large vocabulary continuous speech recognition using bi-directional
    recurrent DNNs" (2014).

    Args:
        size, scorer, unlikely: As of `Reading.beam`.
    """

    def __init__(self, size: int, scorer: Scorer | None = None, unlikely: float = UNLIKELY) -> None:
        self._size, self._unlikely, self._opinions = size, unlikely, Opinions(scorer)
        self._open: Mapping[Text, _Beginning] = {(): _Beginning(0.0, NEVER, self._opinions.first)}

    def push(self, outputs: LogShares) -> None:
        """See `Decoder.push`."""
        for shares in outputs.astype(np.float64):
            self._step(shares)

    def _step(self, shares: np.ndarray) -> None:
        self.blanks = self.blanks + 1 if int(shares.argmax()) == BLANK else 0
        likely = np.flatnonzero(shares >= shares.max() - self._unlikely)
        labels = [(int(label), float(shares[label])) for label in likely if label != BLANK]
        blank = float(shares[BLANK])
        found: dict[Text, list[float]] = {}
        for text, one in self._open.items():
            own, total = found.setdefault(text, [NEVER, NEVER]), one.log_probability
            own[0] = np.logaddexp(own[0], total + blank)
            if text:
                own[1] = np.logaddexp(own[1], one.symbol + float(shares[text[-1]]))
            for label, share in labels:
                before = one.blank if text[-1:] == (label,) else total
                if before > NEVER:
                    longer = found.setdefault((*text, label), [NEVER, NEVER])
                    longer[1] = np.logaddexp(longer[1], before + share)
        ranked = (
            (text, _Beginning(blank, symbol, self._opinion(text))) for text, (blank, symbol) in found.items()
        )
        kept = [(text, one) for text, one in ranked if one.score > NEVER]
        if len(kept) > self._size:
            kept.sort(key=lambda pair: -pair[1].score)
        self._open = dict(kept[: self._size])

    def _opinion(self, text: Text) -> Opinion:
        known = self._open.get(text)
        if known is not None:
            return known.opinion
        return self._opinions.after(self._open[text[:-1]].opinion, text[-1])

    def best(self) -> Text:
        """See `Decoder.best`."""
        return max(self._open.items(), key=lambda pair: pair[1].score)[0]

    def hypotheses(self, count: int) -> list[Hypothesis]:
        """See `Decoder.hypotheses`; where no text may end as it stands, all may."""
        return self._opinions.ranked(self._open, count)


class Connectionist(Reading):
    """Outputs are log probabilities of the labels."""

    def greedy(self) -> BestPath:
        """See `Reading.greedy`."""
        return BestPath()

    def beam(self, size: int, scorer: Scorer | None = None, unlikely: float = UNLIKELY) -> PrefixBeam:
        """See `Reading.beam`."""
        return PrefixBeam(size, scorer, unlikely)

    def align(self, outputs: LogShares, symbols: Sequence[int]) -> list[Span]:
        """See `Reading.align`."""
        return align(outputs, symbols)

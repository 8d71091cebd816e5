"""Search for the text of a transducer: a net of steps, one of the symbols told, and scores of both together.

At a step the net tells symbols, each after those before it, until it tells the blank and goes on to the next
step; so a text's probability is the sum over all ways to share its symbols out among the steps.

Source: Graves, "Sequence transduction with recurrent neural networks" (2012). No torch is needed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from recurra.decoding.transcription import (
    BLANK,
    NEVER,
    UNLIKELY,
    Decoder,
    Greedy,
    Hypothesis,
    Opinion,
    Opinions,
    Outputs,
    Reading,
    Scorer,
    Span,
    Text,
)

MOST = 10
"""Symbols at a step, at most."""

Told = Float32[np.ndarray, " numbers"]
Predict = Callable[[int, Any], tuple[Told, Any]]
"""(symbol, memory) -> what the net of symbols says after it, and its memory then. Before the first symbol it
reads the blank, with the memory None."""


@dataclass(frozen=True, eq=False, repr=False)
class Transducer(Reading):
    """Outputs are what the net of steps gives to tanh, together with that of symbols, before the last layer.

    Attributes:
        predict: The net of symbols.
        weight: (labels, numbers) of the last layer.
        bias: (labels,).
        most: Symbols at a step, at most.
    """

    predict: Predict
    weight: Float32[np.ndarray, "labels numbers"]
    bias: Float32[np.ndarray, " labels"]
    most: int = MOST

    def log_shares(self, outputs: np.ndarray, told: np.ndarray) -> Float[np.ndarray, "rows labels"]:
        """Log probabilities of all labels, of several steps, or after several texts."""
        scores = (np.tanh(outputs + told) @ self.weight.T + self.bias).astype(np.float64)
        raised = scores - scores.max(axis=1, keepdims=True)
        return np.asarray(raised - np.log(np.exp(raised).sum(axis=1, keepdims=True)))

    def greedy(self) -> "GreedyTransducer":
        """See `Reading.greedy`."""
        return GreedyTransducer(self)

    def beam(self, size: int, scorer: Scorer | None = None, unlikely: float = UNLIKELY) -> "TransducerBeam":
        """See `Reading.beam`."""
        return TransducerBeam(self, size, scorer, unlikely)

    def align(self, outputs: Outputs, symbols: Sequence[int]) -> list[Span]:
        """See `Reading.align`; a symbol stands at one step, and several may stand there."""
        if not symbols or not len(outputs):
            return []
        told, memory = self.predict(BLANK, None)
        shares = self.log_shares(outputs, told)
        best = _waited(shares)
        chances, said = [], []
        for symbol in symbols:
            entered = best + shares[:, symbol]  # where it is told at each step
            said.append(shares[:, symbol])
            told, memory = self.predict(symbol, memory)
            shares = self.log_shares(outputs, told)
            waited = _waited(shares)
            chances.append(entered - waited)
            best = np.maximum.accumulate(chances[-1]) + waited
        spans, end = [], len(outputs)
        for chance, own in zip(reversed(chances), reversed(said), strict=True):
            step = int(chance[:end].argmax())
            spans.append(Span(step, step + 1, step, float(own[step])))
            end = step + 1
        return spans[::-1]


def _waited(shares: np.ndarray) -> np.ndarray:
    """Log probability of telling nothing from the first step to before each."""
    found: np.ndarray = np.concatenate([[0.0], np.cumsum(shares[:-1, BLANK])])
    return found


class GreedyTransducer(Greedy):
    """The likeliest label, as long as it is no blank, and then the next step.

    Args:
        net: What it runs.
    """

    def __init__(self, net: Transducer) -> None:
        super().__init__()
        self._net = net
        self._told, self._memory = net.predict(BLANK, None)

    def push(self, outputs: Outputs) -> None:
        """See `Decoder.push`."""
        for step in outputs:
            self.blanks += 1
            shares = self._shares(step)
            for _ in range(self._net.most):
                label = int(shares.argmax())
                if label == BLANK:
                    break
                self.blanks = 0
                self._symbols.append(label)
                self._total += float(shares[label])
                self._told, self._memory = self._net.predict(label, self._memory)
                shares = self._shares(step)
            self._total += float(shares[BLANK])

    def _shares(self, step: np.ndarray) -> np.ndarray:
        shares: np.ndarray = self._net.log_shares(step[None], self._told)[0]
        return shares


class _Beginning(NamedTuple):
    """A beginning of a text.

    Attributes:
        log_probability: That of its alignments.
        opinion: What the scorer says of it.
        told: What the net of symbols says after it.
        memory: That of the net of symbols.
    """

    log_probability: float
    opinion: Opinion
    told: Told
    memory: Any

    @property
    def score(self) -> float:
        return self.log_probability + self.opinion.extra


class TransducerBeam(Decoder):
    """Beginnings of texts, each with the sum over its alignments; the best ones are gone on with.

    At a step all beginnings get a symbol more, once and again, and each may end the step after any number of
    them. Exact where the beam holds all beginnings, nothing is unlikely, and no step has more symbols.

    Source: Saon and others, "Alignment-length synchronous decoding for RNN transducer" (2020), where it is
    time-synchronous decoding.

    Args:
        net: What it runs.
        size, scorer, unlikely: As of `Reading.beam`.
    """

    def __init__(
        self, net: Transducer, size: int, scorer: Scorer | None = None, unlikely: float = UNLIKELY
    ) -> None:
        self._net, self._size, self._unlikely = net, size, unlikely
        self._opinions = Opinions(scorer)
        start = _Beginning(0.0, self._opinions.first, *net.predict(BLANK, None))
        self._open: Mapping[Text, _Beginning] = {(): start}

    def push(self, outputs: Outputs) -> None:
        """See `Decoder.push`."""
        for step in outputs:
            self._step(step)

    def _step(self, step: np.ndarray) -> None:
        ended: dict[Text, _Beginning] = {}
        level, best = self._open, self.best()
        for number in range(self._net.most + 1):
            shares = self._net.log_shares(step[None], np.stack([one.told for one in level.values()]))
            if number == 0:
                first = shares[list(level).index(best)]
                self.blanks = self.blanks + 1 if int(first.argmax()) == BLANK else 0
            for (text, one), own in zip(level.items(), shares, strict=True):
                total = one.log_probability + float(own[BLANK])
                if text in ended:
                    total = float(np.logaddexp(total, ended[text].log_probability))
                ended[text] = one._replace(log_probability=total)
            level = self._longer(level, shares, self._least(ended))
            if not level:
                break
        kept = sorted(ended.items(), key=lambda pair: -pair[1].score)
        self._open = dict(kept[: self._size])

    def _least(self, ended: Mapping[Text, _Beginning]) -> float:
        """The score below which a beginning is not gone on with: of a full beam that of the last."""
        scores = sorted((one.score for one in ended.values()), reverse=True)
        least = scores[0] - self._unlikely
        return max(least, scores[self._size - 1]) if len(scores) >= self._size else least

    def _longer(
        self, level: Mapping[Text, _Beginning], shares: np.ndarray, least: float
    ) -> dict[Text, _Beginning]:
        """The best beginnings with one more symbol."""
        found = []
        for (text, one), own in zip(level.items(), shares, strict=True):
            likely = np.flatnonzero(own >= own.max() - self._unlikely)
            for label in likely[likely != BLANK].tolist():
                longer, total = (*text, label), one.log_probability + float(own[label])
                known = self._open.get(longer)
                opinion = self._opinions.after(one.opinion, label) if known is None else known.opinion
                if total + opinion.extra > max(least, NEVER):
                    found.append((total + opinion.extra, longer, total, opinion, one.memory))
        found.sort(key=lambda one: -one[0])
        level = {}
        for _, text, total, opinion, memory in found[: self._size]:
            known = self._open.get(text)
            told = self._net.predict(text[-1], memory) if known is None else (known.told, known.memory)
            level[text] = _Beginning(total, opinion, *told)
        return level

    def best(self) -> Text:
        """See `Decoder.best`."""
        return max(self._open.items(), key=lambda pair: pair[1].score)[0]

    def hypotheses(self, count: int) -> list[Hypothesis]:
        """See `Decoder.hypotheses`; where no text may end as it stands, all may."""
        return self._opinions.ranked(self._open, count)

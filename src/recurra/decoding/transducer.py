"""Search for the text of a transducer: a net of steps, one of the symbols told, and scores of both together.

At a step the net tells a symbol, after all those before it, or the blank, and goes on to the next step; so a
text's probability is the sum over all ways to give its symbols steps of their own.

Source: Graves, "Sequence transduction with recurrent neural networks" (2012); Tripathi and others, "Monotonic
recurrent neural network transducer and decoding strategies" (2019). No torch is needed.
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
    """

    predict: Predict
    weight: Float32[np.ndarray, "labels numbers"]
    bias: Float32[np.ndarray, " labels"]

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
        """See `Reading.align`; a symbol stands at one step."""
        if not symbols or len(symbols) > len(outputs):
            return []
        told, memory = self.predict(BLANK, None)
        shares = self.log_shares(outputs, told)
        best = _waited(shares)
        chances, said = [], []
        for symbol in symbols:
            entered = best[:-1] + shares[:, symbol]  # where it is told at each step
            said.append(shares[:, symbol])
            told, memory = self.predict(symbol, memory)
            shares = self.log_shares(outputs, told)
            waited = _waited(shares)
            chances.append(entered - waited[1:])
            best = np.concatenate([[-np.inf], np.maximum.accumulate(chances[-1]) + waited[1:]])
        spans, end = [], len(outputs)
        for chance, own in zip(reversed(chances), reversed(said), strict=True):
            end = int(chance[:end].argmax())
            spans.append(Span(end, end + 1, end, float(own[end])))
        return spans[::-1]


def _waited(shares: np.ndarray) -> np.ndarray:
    """Log probability of telling nothing from the first step to before each, and after the last."""
    found: np.ndarray = np.concatenate([[0.0], np.cumsum(shares[:, BLANK])])
    return found


class GreedyTransducer(Greedy):
    """The likeliest label of each step, after those before.

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
            shares = self._net.log_shares(step[None], self._told)[0]
            label = int(shares.argmax())
            self._total += float(shares[label])
            if label == BLANK:
                self.blanks += 1
                continue
            self.blanks = 0
            self._symbols.append(label)
            self._told, self._memory = self._net.predict(label, self._memory)


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

    At a step a beginning waits, or gets a symbol more. Exact where the beam holds all beginnings, and nothing
    is unlikely.

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
        shares = self._net.log_shares(step[None], np.stack([one.told for one in self._open.values()]))
        first = shares[list(self._open).index(self.best())]
        self.blanks = self.blanks + 1 if int(first.argmax()) == BLANK else 0
        found = self._longer(shares)
        for (text, one), own in zip(self._open.items(), shares, strict=True):
            total = one.log_probability + float(own[BLANK])
            if text in found:
                total = float(np.logaddexp(total, found[text].log_probability))
            found[text] = one._replace(log_probability=total)
        kept = sorted(found.items(), key=lambda pair: -pair[1].score)[: self._size]
        self._open = {text: one if text in self._open else self._entered(text, one) for text, one in kept}

    def _longer(self, shares: np.ndarray) -> dict[Text, _Beginning]:
        """All beginnings with one more symbol, and what was told before that."""
        found = {}
        for (text, one), own in zip(self._open.items(), shares, strict=True):
            likely = np.flatnonzero(own >= own.max() - self._unlikely)
            for label in likely[likely != BLANK].tolist():
                longer, total = (*text, label), one.log_probability + float(own[label])
                known = self._open.get(longer)
                opinion = self._opinions.after(one.opinion, label) if known is None else known.opinion
                if total + opinion.extra > NEVER:
                    found[longer] = one._replace(log_probability=total, opinion=opinion)
        return found

    def _entered(self, text: Text, before: _Beginning) -> _Beginning:
        """A new beginning, with what the net of symbols says after its last symbol."""
        told, memory = self._net.predict(text[-1], before.memory)
        return before._replace(told=told, memory=memory)

    def best(self) -> Text:
        """See `Decoder.best`."""
        return max(self._open.items(), key=lambda pair: pair[1].score)[0]

    def hypotheses(self, count: int) -> list[Hypothesis]:
        """See `Decoder.hypotheses`; where no text may end as it stands, all may."""
        return self._opinions.ranked(self._open, count)

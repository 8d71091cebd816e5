"""Drawing the next symbol from what a net says of all of them; no torch."""

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float64
from pydantic import Field

from recurra.config import Config
from recurra.errors import ConfigError

Logits = Float[np.ndarray, " vocabulary"]
_LEAST = -np.inf
_COLDEST = 1e-4


class Sampling(Config):
    """How the next symbol is drawn.

    Attributes:
        temperature: Divides the logits: below 1 the likely becomes likelier; 0 takes the likeliest always, as
            does what is below 0.0001.
        top_k: Only so many of the likeliest; 0 for all.
        top_p: Only the likeliest that together have this probability (Holtzman and others 2020).
        min_p: Only those of at least this share of the likeliest one's probability.
        repetition_penalty: Divides positive logits, and multiplies negative ones, of symbols that came before
            (Keskar and others 2019); 1 for none.
        seed: Where randomness starts.
    """

    temperature: float = Field(default=1.0, ge=0, le=1000)
    top_k: int = Field(default=0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    min_p: float = Field(default=0.0, ge=0, le=1)
    repetition_penalty: float = Field(default=1.0, ge=0.01, le=100)
    seed: int = Field(default=0, ge=0, lt=2**63)


class Sampler:
    """Draws symbols, one after another; the same seed draws the same.

    Args:
        sampling: How.
        forbidden: Symbols that are never drawn, such as padding.

    >>> import numpy as np
    >>> from recurra.decoding.sampling import Sampler, Sampling
    >>> sampler = Sampler(Sampling(temperature=0))
    >>> sampler.draw(np.array([0.1, 2.0, 0.3]))
    1
    """

    def __init__(self, sampling: Sampling, forbidden: Collection[int] = ()) -> None:
        self._sampling = sampling
        self._forbidden = sorted(forbidden)
        self._random = np.random.Generator(np.random.Philox(key=sampling.seed, counter=[0, 6, 0, 0]))

    def draw(self, logits: Logits, seen: Collection[int] = (), allowed: Collection[int] | None = None) -> int:
        """The next symbol.

        Args:
            logits: (vocabulary,) of what may come next.
            seen: The symbols that came before, for the repetition penalty.
            allowed: The only symbols that may be drawn; None for all.

        Raises:
            ConfigError: None may be drawn.
        """
        probabilities = self.probabilities(logits, seen, allowed)
        if self._sampling.temperature < _COLDEST:
            return int(probabilities.argmax())
        return int(np.searchsorted(probabilities.cumsum(), self._random.random() * probabilities.sum()))

    def probabilities(
        self, logits: Logits, seen: Collection[int] = (), allowed: Collection[int] | None = None
    ) -> Float64[np.ndarray, " vocabulary"]:
        """What every symbol is drawn with; arguments as of `draw`."""
        how = self._sampling
        scores = np.array(logits, np.float64)
        if how.repetition_penalty != 1 and len(seen):
            places = np.fromiter(seen, np.int64)
            own = scores[places]
            scores[places] = np.where(own > 0, own / how.repetition_penalty, own * how.repetition_penalty)
        scores[self._forbidden] = _LEAST
        if allowed is not None:
            kept = np.fromiter(allowed, np.int64)
            scores, full = np.full_like(scores, _LEAST), scores
            scores[kept] = full[kept]
        if scores.max() == _LEAST:
            raise ConfigError("no symbol that may be drawn", "one at least", "Allow more, or forbid less.")
        if how.temperature < _COLDEST:
            return np.asarray(np.eye(1, len(scores), int(scores.argmax()))[0])
        return self._cut(_softmax(scores / how.temperature))

    def _cut(self, probabilities: Float64[np.ndarray, " vocabulary"]) -> Float64[np.ndarray, " vocabulary"]:
        """Without the unlikely ones."""
        how = self._sampling
        if how.top_k or how.top_p < 1:
            order = np.argsort(-probabilities, kind="stable")
            kept = len(order) if not how.top_k else how.top_k
            if how.top_p < 1:
                before = probabilities[order].cumsum() - probabilities[order]
                kept = min(kept, int((before < how.top_p).sum()))
            probabilities[order[max(kept, 1) :]] = 0
        if how.min_p:
            probabilities[probabilities < how.min_p * probabilities.max()] = 0
        return np.asarray(probabilities / probabilities.sum())


def generate(
    step: Callable[[int], Logits],
    prompt: Sequence[int],
    sampler: Sampler,
    *,
    length: int,
    stops: Collection[int] = (),
    allowed: Callable[[Sequence[int]], Collection[int] | None] | None = None,
) -> Iterator[int]:
    """Symbols that go on after a prompt, each as soon as it is drawn.

    Args:
        step: Takes a symbol and gives the logits (vocabulary,) of the next one.
        prompt: What comes before, one symbol at least.
        sampler: Draws.
        length: At most so many symbols.
        stops: Symbols that end it; they are not given.
        allowed: The symbols that may come after those so far, or None for all; none ends it.
    """
    before, seen = list(prompt), set(prompt) - set(stops)
    logits: Logits = np.zeros(0)
    for symbol in before:
        logits = step(symbol)
    for place in range(length):
        kept = None if allowed is None else allowed(before)
        if kept is not None and not kept:
            return
        symbol = sampler.draw(logits, seen, kept)
        if symbol in stops:
            return
        yield symbol
        seen.add(symbol)
        if allowed is not None:
            before.append(symbol)
        if place + 1 < length:
            logits = step(symbol)


def _softmax(scores: Float64[np.ndarray, " vocabulary"]) -> Float64[np.ndarray, " vocabulary"]:
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum())

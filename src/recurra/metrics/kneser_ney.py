"""An n-gram model with interpolated Kneser-Ney smoothing: what a language model is compared with.

Source: Chen & Goodman, "An empirical study of smoothing techniques for language modeling" (1999), with
their three discounts for each order. Probabilities are kept as in the ARPA format: of every n-gram that was
seen its probability, of every context the weight of the next shorter one. N-grams stand in the order of
their symbols, those of a context beside each other, so that two or four bytes name one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64, Integer

Ids = Integer[np.ndarray, " symbols"]
_FEW = 1 << 16
_BLOCK = 1 << 20  # n-grams that are discounted at once


@dataclass(frozen=True)
class Order:
    """The n-grams of a length that were seen in training.

    Attributes:
        starts: (contexts + 1,) where the n-grams of each context begin, in the order of those one shorter.
        symbols: (n_grams,) the last symbol, ascending in each context.
        probabilities: (n_grams,) of the last symbol after the context.
        backoffs: (n_grams,) the weight of this order's probabilities for what follows the n-gram; none of the
            longest.
    """

    starts: Int32[np.ndarray, " starts"]
    symbols: Integer[np.ndarray, " n_grams"]
    probabilities: Float32[np.ndarray, " n_grams"]
    backoffs: Float32[np.ndarray, " backoffs"]

    def find(
        self, contexts: Integer[np.ndarray, " wanted"], symbols: Integer[np.ndarray, " wanted"]
    ) -> Int64[np.ndarray, " wanted"]:
        """The numbers of n-grams by contexts (-1: unseen) and last symbols; -1 of unseen ones."""
        known, last = contexts >= 0, len(self.symbols) - 1
        if last < 0:
            return np.full(len(contexts), -1)
        low = np.where(known, self.starts[contexts], 0).astype(np.int64)
        end = np.where(known, self.starts[np.where(known, contexts + 1, 0)], 0)
        high = end.astype(np.int64)
        while (searched := low < high).any():
            middle = (low + high) // 2
            before = self.symbols[np.minimum(middle, last)] < symbols
            low = np.where(searched & before, middle + 1, low)
            high = np.where(searched & ~before, middle, high)
        return np.where((low < end) & (self.symbols[np.minimum(low, last)] == symbols), low, -1)


@dataclass(frozen=True)
class KneserNey:
    """An n-gram model.

    Attributes:
        vocabulary: How many symbols there are.
        unigrams: (vocabulary,) the probability of every symbol where nothing is known of what came before.
        orders: The n-grams of two symbols, of three, and so on; a context of one symbol has its number.
        first_backoffs: (vocabulary,) the weight of `unigrams` after every symbol.

    >>> import numpy as np
    >>> from recurra.metrics.kneser_ney import KneserNey
    >>> model = KneserNey.learn(np.array([0, 1, 2] * 50), vocabulary=4, order=3)
    >>> bool(model.probabilities(np.array([0, 1, 2]))[2] > 0.9)
    True
    """

    vocabulary: int
    unigrams: Float32[np.ndarray, " vocabulary"]
    first_backoffs: Float32[np.ndarray, " vocabulary"]
    orders: tuple[Order, ...]

    @classmethod
    def learn(cls, ids: Ids, vocabulary: int, order: int) -> "KneserNey":
        """Count n-grams up to a length; some 32 bytes a symbol are needed for it, beside what is learnt.

        Args:
            ids: (symbols,) the training text, each between 0 and the vocabulary.
            vocabulary: How many symbols there are.
            order: The longest n-gram.
        """
        numbers = ids = np.asarray(ids, np.int32)
        levels: list[_Level] = []
        for length in range(2, min(order, len(ids)) + 1):
            contexts = len(levels[-1].symbols) if levels else vocabulary
            numbers, level = _longer(numbers, ids[length - 1 :], vocabulary, contexts)
            if levels:  # lower orders count the symbols that come before, not how often
                levels[-1].counts = _counted(level.suffixes, contexts)
            levels.append(level)
        counts = _counted(levels[0].suffixes if levels else ids, vocabulary)
        below = unigrams = _discounted_unigrams(counts, vocabulary).astype(np.float32)
        weights, orders = [], []
        for level in levels:
            own, weight = _discounted(level, below)
            weights.append(weight)
            orders.append((level.starts, level.symbols, own))
            level.counts = level.suffixes = np.zeros(0, np.int32)
            below = own
        first, *backoffs = weights or [np.ones(vocabulary, np.float32)]
        backoffs.append(np.zeros(0, np.float32))
        found = (Order(*one, backoff) for one, backoff in zip(orders, backoffs, strict=False))
        return cls(vocabulary, unigrams, first, tuple(found))

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return sum(one.nbytes for one in self.to_arrays().values())

    def probabilities(self, ids: Ids) -> Float64[np.ndarray, " symbols"]:
        """The probability of every symbol of a text after those before it."""
        ids = np.asarray(ids, np.int64)
        found = self.unigrams[ids].astype(np.float64)
        contexts, weights = ids, self.first_backoffs
        for length, order in enumerate(self.orders, start=2):
            if len(ids) < length:
                break
            before = contexts[:-1]  # numbers of the n-grams that end before each symbol; -1 unseen
            numbers = order.find(before, ids[length - 1 :])
            backed = np.where(before < 0, 1.0, weights[np.maximum(before, 0)]) * found[length - 1 :]
            told = order.probabilities[np.maximum(numbers, 0)] if len(order.symbols) else backed
            found[length - 1 :] = np.where(numbers < 0, backed, told)
            contexts, weights = numbers, order.backoffs
        return np.asarray(found)

    def distribution(self, context: Sequence[int]) -> Float64[np.ndarray, " vocabulary"]:
        """The probability of every symbol after a context."""
        found = self.unigrams.astype(np.float64)
        for length in range(1, min(len(context), len(self.orders)) + 1):
            number, weights = int(context[-length]), self.first_backoffs
            for order, symbol in zip(self.orders, context[len(context) - length + 1 :], strict=False):
                number = int(order.find(np.array([number]), np.array([int(symbol)]))[0])
                weights = order.backoffs
                if number < 0:
                    return found
            order = self.orders[length - 1]
            begin, end = order.starts[number : number + 2]
            found = found * float(weights[number])
            found[order.symbols[begin:end]] = order.probabilities[begin:end]
        return found

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt, for a file."""
        arrays = {"unigrams": self.unigrams, "first_backoffs": self.first_backoffs}
        for number, order in enumerate(self.orders, start=2):
            arrays |= {f"{number}.{part}": getattr(order, part) for part in _PARTS}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "KneserNey":
        """The model that `to_arrays` wrote."""
        longest = 1 + sum(name.endswith(".symbols") for name in arrays)
        orders = tuple(Order(*(arrays[f"{n}.{part}"] for part in _PARTS)) for n in range(2, longest + 1))
        unigrams = arrays["unigrams"]
        return cls(len(unigrams), unigrams, arrays["first_backoffs"], orders)


_PARTS = ("starts", "symbols", "probabilities", "backoffs")


@dataclass
class _Level:
    """The n-grams of a length while they are counted.

    Attributes:
        starts: As of `Order`.
        symbols: As of `Order`.
        counts: (n_grams,) how often each counts.
        suffixes: (n_grams,) the number of what remains without its first symbol, among those one shorter.
    """

    starts: Int32[np.ndarray, " starts"]
    symbols: Integer[np.ndarray, " n_grams"]
    counts: Int32[np.ndarray, " n_grams"]
    suffixes: Int32[np.ndarray, " n_grams"]


def _longer(
    numbers: Int32[np.ndarray, " places"], ends: Ids, vocabulary: int, contexts: int
) -> tuple[Int32[np.ndarray, " longer"], _Level]:
    """N-grams longer by a symbol: the number of the one that ends at each place, and what they are."""
    keys = numbers[:-1] * np.int64(vocabulary) + ends
    order = keys.argsort()
    keys = keys[order]
    fresh = np.append(True, keys[1:] != keys[:-1])
    firsts = np.flatnonzero(fresh)
    longer = np.empty(len(keys), np.int32)
    longer[order] = np.cumsum(fresh, dtype=np.int32) - np.int32(1)
    counts = np.diff(firsts, append=len(keys)).astype(np.int32)
    keys = keys[firsts]
    starts = np.zeros(contexts + 1, np.int32)
    starts[1:] = np.cumsum(np.bincount(keys // vocabulary, minlength=contexts))
    suffixes = np.empty(len(firsts), np.int32)
    suffixes[longer] = numbers[1:]
    symbols = (keys % vocabulary).astype(np.uint16 if vocabulary <= _FEW else np.int32)
    return longer, _Level(starts, symbols, counts, suffixes)


def _counted(numbers: Int32[np.ndarray, " places"], size: int) -> Int32[np.ndarray, " n_grams"]:
    return np.bincount(numbers, minlength=size).astype(np.int32)


def _discounts(counts: Int32[np.ndarray, " n_grams"]) -> Float64[np.ndarray, " 4"]:
    """What is taken from a count of 0, 1, 2, and 3 or more."""
    once, twice, thrice, four = (float((counts == times).sum()) for times in range(1, 5))
    if not once or not twice:
        return np.array([0.0, 0.5, 0.5, 0.5])
    share = once / (once + 2 * twice)
    found = [1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice]
    found.append(3 - 4 * share * four / thrice if thrice else found[1])
    return np.array([0.0, *np.clip(found, 0.05, [0.95, 1.9, 2.8])])


def _discounted_unigrams(counts: Int32[np.ndarray, " vocabulary"], vocabulary: int) -> np.ndarray:
    """Discounted counts, and what was taken from them spread over all symbols."""
    taken = _discounts(counts)[np.minimum(counts, 3)]
    whole = max(counts.sum(), 1)
    rest = taken.sum() / whole if counts.sum() else 1.0
    return np.asarray((counts - taken) / whole + rest / vocabulary)


def _discounted(
    level: _Level, below: Float32[np.ndarray, " shorter"]
) -> tuple[Float32[np.ndarray, " n_grams"], Float32[np.ndarray, " contexts"]]:
    """The probability of every n-gram, and the weight that each context gives the order below."""
    discounts = _discounts(level.counts)
    probabilities = np.empty(len(level.symbols), np.float32)
    weights = np.ones(len(level.starts) - 1, np.float32)
    for begin, end in _blocks(level.starts):
        own = slice(level.starts[begin], level.starts[end])
        contexts = np.repeat(np.arange(end - begin), np.diff(level.starts[begin : end + 1]))
        counts = level.counts[own]
        taken = discounts[np.minimum(counts, 3)]
        whole = np.bincount(contexts, counts, minlength=end - begin)
        rest = np.bincount(contexts, taken, minlength=end - begin)
        weight = np.where(whole > 0, rest / np.maximum(whole, 1), 1.0)
        shorter = weight[contexts] * below[level.suffixes[own]]
        probabilities[own] = (counts - taken) / np.maximum(whole, 1)[contexts] + shorter
        weights[begin:end] = weight
    return probabilities, weights


def _blocks(starts: Int32[np.ndarray, " starts"]) -> Iterator[tuple[int, int]]:
    """Stretches of contexts that have so many n-grams together."""
    contexts = len(starts) - 1
    bounds = np.searchsorted(starts, np.arange(0, int(starts[-1]), _BLOCK))
    bounds = np.unique([0, *np.minimum(bounds, contexts), contexts])
    yield from zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)

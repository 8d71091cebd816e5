"""An n-gram model with interpolated Kneser-Ney smoothing: what a language model is compared with.

Source: Chen & Goodman, "An empirical study of smoothing techniques for language modeling" (1999), with
their three discounts for each order. Probabilities are kept as in the ARPA format: of every n-gram that was
seen its probability, of every context the weight of the next shorter one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

Ids = Int64[np.ndarray, " symbols"]


@dataclass(frozen=True)
class Order:
    """The n-grams of a length that were seen in training.

    Attributes:
        keys: (n_grams,) ascending: number of the context among those of the order below, times the
            vocabulary, plus the last symbol.
        probabilities: (n_grams,) of the last symbol after the context.
        backoffs: (n_grams,) the weight of this order's probabilities for what follows the n-gram.
    """

    keys: Int64[np.ndarray, " n_grams"]
    probabilities: Float32[np.ndarray, " n_grams"]
    backoffs: Float32[np.ndarray, " n_grams"]

    def find(self, keys: Int64[np.ndarray, " wanted"]) -> Int64[np.ndarray, " wanted"]:
        """The numbers of n-grams by their keys, -1 for those that were not seen."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)


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
        """Count n-grams up to a length.

        Args:
            ids: (symbols,) the training text, each between 0 and the vocabulary.
            vocabulary: How many symbols there are.
            order: The longest n-gram.
        """
        ids = np.asarray(ids, np.int64)
        numbers, keys, counts = _counted(ids, vocabulary, order)
        for lower in range(len(counts) - 1):  # lower orders count the symbols that come before, not how often
            size = len(counts[lower])
            counts[lower] = np.bincount(_suffixes(numbers, lower + 1, len(keys[lower + 1])), minlength=size)
        unigrams = _discounted_unigrams(counts[0], vocabulary)
        probabilities, backoffs, below = [], [], unigrams
        for place in range(1, len(counts)):
            suffix = _suffixes(numbers, place, len(keys[place]))
            contexts = keys[place] // vocabulary
            own, weights = _discounted(counts[place], contexts, len(counts[place - 1]), below[suffix])
            probabilities.append(own.astype(np.float32))
            backoffs.append(weights.astype(np.float32))
            below = own
        ends = [*backoffs[1:], np.ones(len(below), np.float32)]
        orders = tuple(map(Order, keys[1:], probabilities, ends)) if len(counts) > 1 else ()
        first = backoffs[0] if backoffs else np.ones(vocabulary, np.float32)
        return cls(vocabulary, unigrams.astype(np.float32), first, orders)

    def probabilities(self, ids: Ids) -> Float64[np.ndarray, " symbols"]:
        """The probability of every symbol of a text after those before it."""
        ids = np.asarray(ids, np.int64)
        found = self.unigrams[ids].astype(np.float64)
        contexts, weights = ids, self.first_backoffs
        for length, order in enumerate(self.orders, start=2):
            if len(ids) < length:
                break
            before = contexts[:-1]  # numbers of the n-grams that end before each symbol; -1 unseen
            keys = np.where(before < 0, -1, before * self.vocabulary + ids[length - 1 :])
            numbers = order.find(keys)
            backed = np.where(before < 0, 1.0, weights[np.maximum(before, 0)]) * found[length - 1 :]
            found[length - 1 :] = np.where(numbers < 0, backed, order.probabilities[np.maximum(numbers, 0)])
            contexts, weights = numbers, order.backoffs
        return np.asarray(found)

    def distribution(self, context: Sequence[int]) -> Float64[np.ndarray, " vocabulary"]:
        """The probability of every symbol after a context."""
        found = self.unigrams.astype(np.float64)
        for length in range(1, min(len(context), len(self.orders)) + 1):
            number, weights = int(context[-length]), self.first_backoffs
            for order, symbol in zip(self.orders, context[len(context) - length + 1 :], strict=False):
                number = int(order.find(np.array([number * self.vocabulary + int(symbol)]))[0])
                weights = order.backoffs
                if number < 0:
                    return found
            order = self.orders[length - 1]
            begin, end = np.searchsorted(
                order.keys, [number * self.vocabulary, (number + 1) * self.vocabulary]
            )
            found = found * float(weights[number])
            found[order.keys[begin:end] % self.vocabulary] = order.probabilities[begin:end]
        return found

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt, for a file."""
        arrays = {"unigrams": self.unigrams, "first_backoffs": self.first_backoffs}
        for number, order in enumerate(self.orders, start=2):
            arrays |= {f"{number}.keys": order.keys, f"{number}.probabilities": order.probabilities}
            arrays |= {f"{number}.backoffs": order.backoffs}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "KneserNey":
        """The model that `to_arrays` wrote."""
        parts = ("keys", "probabilities", "backoffs")
        longest = 1 + sum(name.endswith(".keys") for name in arrays)
        orders = tuple(Order(*(arrays[f"{n}.{part}"] for part in parts)) for n in range(2, longest + 1))
        unigrams = arrays["unigrams"]
        return cls(len(unigrams), unigrams, arrays["first_backoffs"], orders)


Counted = tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]


def _counted(ids: Ids, vocabulary: int, order: int) -> Counted:
    """Of each length: the number of the n-gram that ends at each place, the keys, and how often each came."""
    numbers, keys = [ids], [np.arange(vocabulary)]
    counts = [np.bincount(ids, minlength=vocabulary)]
    for _ in range(2, order + 1):
        if len(numbers[-1]) < 2:
            break
        ends = ids[len(ids) - len(numbers[-1]) + 1 :]
        found, inverse, times = np.unique(
            numbers[-1][:-1] * vocabulary + ends, return_inverse=True, return_counts=True
        )
        numbers.append(inverse)
        keys.append(found)
        counts.append(times)
    return numbers, keys, counts


def _suffixes(numbers: Sequence[np.ndarray], place: int, size: int) -> Int64[np.ndarray, " n_grams"]:
    """For each n-gram the number of what remains without its first symbol, among those one shorter."""
    suffix = np.zeros(size, np.int64)
    suffix[numbers[place]] = numbers[place - 1][1:]
    return suffix


def _discounts(counts: Int64[np.ndarray, " n_grams"]) -> Float64[np.ndarray, " 4"]:
    """What is taken from a count of 0, 1, 2, and 3 or more."""
    once, twice, thrice, four = (float((counts == times).sum()) for times in range(1, 5))
    if not once or not twice:
        return np.array([0.0, 0.5, 0.5, 0.5])
    share = once / (once + 2 * twice)
    found = [1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice]
    found.append(3 - 4 * share * four / thrice if thrice else found[1])
    return np.array([0.0, *np.clip(found, 0.05, [0.95, 1.9, 2.8])])


def _discounted_unigrams(counts: Int64[np.ndarray, " vocabulary"], vocabulary: int) -> np.ndarray:
    """Discounted counts, and what was taken from them spread over all symbols."""
    taken = _discounts(counts)[np.minimum(counts, 3)]
    whole = max(counts.sum(), 1)
    rest = taken.sum() / whole if counts.sum() else 1.0
    return np.asarray((counts - taken) / whole + rest / vocabulary)


def _discounted(
    counts: Int64[np.ndarray, " n_grams"],
    contexts: Int64[np.ndarray, " n_grams"],
    num_contexts: int,
    below: Float64[np.ndarray, " n_grams"],
) -> tuple[np.ndarray, np.ndarray]:
    """The probability of every n-gram, and the weight that each context gives the order below."""
    taken = _discounts(counts)[np.minimum(counts, 3)]
    whole = np.bincount(contexts, counts, minlength=num_contexts)
    rest = np.bincount(contexts, taken, minlength=num_contexts)
    weights = np.where(whole > 0, rest / np.maximum(whole, 1), 1.0)
    return (counts - taken) / np.maximum(whole, 1)[contexts] + weights[contexts] * below, weights

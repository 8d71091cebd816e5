"""How near descriptions are to those that people gave: CIDEr-D, and BLEU and chrF by sacreBLEU.

Words are what stands between spaces; several descriptions of one thing are all right.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.sparse import csr_matrix

from recurra.metrics.metric import Metric
from recurra.metrics.translation import sacrebleu_library

_ORDERS = (1, 2, 3, 4)
_SPREAD = 6.0  # words by which lengths may differ
_SCALE = 10.0  # so that agreement is a number people can read
_TRIED = 20  # candidates that are scored exactly
_BLEU = "{} of up to {} words that are right, with a penalty for brevity; 0 to 100"

METRICS = (
    Metric("cider", "CIDEr", "likeness of words and phrases, the rarer the more (CIDEr-D); 0 to 10", "high"),
    *(
        Metric(f"bleu_{order}", f"BLEU-{order}", _BLEU.format("phrases", order), "high")
        for order in reversed(_ORDERS)
    ),
    Metric("chrf", "chrF", "F-score of n-grams of characters; 0 to 100", "high"),
    Metric("exact_match", "Exact match", "share that is one of the right ones", "high", unit="share"),
)


class _Vector(NamedTuple):
    """A text by its n-grams: of each order their weights and the length of these, and the number of words."""

    weights: Sequence[Mapping[tuple[str, ...], float]]
    norms: Sequence[float]
    words: int


class Cider:
    """CIDEr-D against the descriptions of a whole part, whose own n-grams say how rare each is.

    An n-gram w of a text counts g(w) = count(w) * log(rows / rows in whose descriptions w stands). Of a text
    c and a description s, for each n from 1 to 4:

        10 exp(-(|c| - |s|)² / 72) Σ_w min(g_c(w), g_s(w)) g_s(w) / (‖g_c‖ ‖g_s‖)

    and the score is the mean over n and over the descriptions of the row.

    Args:
        truth: The descriptions of each row, one at least.

    Source: Vedantam, Zitnick & Parikh, "CIDEr: consensus-based image description evaluation" (2015), with
    raw counts as in its evaluation server.

    >>> from recurra.metrics.captioning import Cider
    >>> cider = Cider([["a red cat sits down"], ["a dog runs"]])
    >>> [round(float(one), 2) for one in cider.scores(["a red cat sits down", "a cat runs"])]
    [10.0, 1.25]
    """

    def __init__(self, truth: Sequence[Sequence[str]]) -> None:
        counts = [[_grams(text) for text in row] for row in truth]
        self._rows = len(truth)
        self._found = Counter(chain.from_iterable(set(chain(*row)) for row in counts))
        self._truth = [[self._vector(one) for one in row] for row in counts]

    def scores(self, told: Sequence[str]) -> Float64[np.ndarray, " rows"]:
        """The score of a text for each row."""
        found = [
            self._score(self._vector(_grams(text)), row) for text, row in zip(told, self._truth, strict=True)
        ]
        return np.array(found, np.float64)

    def constant(self, text: str) -> float:
        """The mean score of one text for all rows."""
        own = self._vector(_grams(text))
        return sum(self._score(own, row) for row in self._truth) / max(self._rows, 1)

    def central(self) -> list[int]:
        """Of each row the place of the description that is most like its others."""
        return [
            max(range(len(row)), key=lambda at: self._score(row[at], [*row[:at], *row[at + 1 :]] or row))
            for row in self._truth
        ]

    def most_alike(self, candidates: Iterable[str]) -> list[str]:
        """Those that are most like all descriptions, the best first, by cosines without regard to lengths."""
        texts = list(dict.fromkeys(candidates))
        every = [one for row in self._truth for one in row]
        shares = np.concatenate([np.full(len(row), 1 / len(row)) for row in self._truth])
        numbers: dict[tuple[str, ...], int] = {}
        known = _matrix(every, numbers)
        own = _matrix([self._vector(_grams(one)) for one in texts], numbers)
        middle = np.zeros(max(len(numbers), 1))
        middle[: known.shape[1]] = known.T @ shares
        likeness = own @ middle[: own.shape[1]]
        return [texts[place] for place in np.argsort(-likeness, kind="stable")]

    def _vector(self, counts: Counter[tuple[str, ...]]) -> _Vector:
        weights: list[dict[tuple[str, ...], float]] = [{} for _ in _ORDERS]
        for gram, count in counts.items():
            weights[len(gram) - 1][gram] = count * math.log(self._rows / max(1, self._found[gram]))
        norms = [math.sqrt(sum(one * one for one in own.values())) for own in weights]
        return _Vector(weights, norms, sum(count for gram, count in counts.items() if len(gram) == 1))

    def _score(self, own: _Vector, truth: Sequence[_Vector]) -> float:
        total = 0.0
        for one in truth:
            near = math.exp(-((own.words - one.words) ** 2) / (2 * _SPREAD**2))
            for mine, right, size, other in zip(own.weights, one.weights, own.norms, one.norms, strict=True):
                if size and other:
                    met = sum(
                        min(value, right[gram]) * right[gram] for gram, value in mine.items() if gram in right
                    )
                    total += near * met / (size * other)
        return _SCALE * total / len(_ORDERS) / len(truth)


def _grams(text: str) -> Counter[tuple[str, ...]]:
    words = text.split()
    return Counter(tuple(words[at : at + order]) for order in _ORDERS for at in range(len(words) - order + 1))


def _matrix(vectors: Sequence[_Vector], numbers: dict[tuple[str, ...], int]) -> csr_matrix:
    """Texts by their n-grams, those of each order of length 1; new n-grams get the next numbers."""
    rows, columns, values = [], [], []
    for row, vector in enumerate(vectors):
        for own, norm in zip(vector.weights, vector.norms, strict=True):
            for gram, value in own.items() if norm else ():
                rows.append(row)
                columns.append(numbers.setdefault(gram, len(numbers)))
                values.append(value / norm)
    return csr_matrix((values, (rows, columns)), shape=(len(vectors), max(len(numbers), 1)))


def caption_scores(told: Sequence[str], truth: Sequence[Sequence[str]]) -> dict[str, float]:
    """CIDEr-D (of two rows or more), BLEU-1 to 4 and chrF (where sacrebleu is there), and the exact share.

    Args:
        told: A text for each row.
        truth: Of each row all descriptions that are right.
    """
    right = sum(one in row for one, row in zip(told, truth, strict=True)) / max(len(truth), 1)
    found = {"cider": float(Cider(truth).scores(told).mean())} if len(truth) > 1 else {}
    library = sacrebleu_library()
    if library is not None:
        streams = list(zip_longest(*truth))
        for order in reversed(_ORDERS):
            metric = library.metrics.BLEU(max_ngram_order=order)
            found[f"bleu_{order}"] = float(metric.corpus_score(list(told), streams).score)
        found["chrf"] = float(library.corpus_chrf(list(told), streams).score)
    return {**found, "exact_match": right}


def best_constants(truth: Sequence[Sequence[str]]) -> dict[str, str]:
    """The one text that is best for all rows, by CIDEr-D and, where it is installed, by sacreBLEU's BLEU-4.

    Tried are those descriptions that are most like all the others.
    """
    cider = Cider(truth)
    likely = cider.most_alike(chain.from_iterable(truth))[:_TRIED]
    found = {"cider": max(likely, key=cider.constant)}
    library = sacrebleu_library()
    if library is not None:
        streams = list(zip_longest(*truth))
        metric = library.metrics.BLEU()
        scores = [metric.corpus_score([one] * len(truth), streams).score for one in likely]
        found["bleu_4"] = likely[int(np.argmax(scores))]
    return found

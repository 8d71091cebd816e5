"""Texts without their order: which words and pairs of neighbours they hold, for baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from recurra.inputs.input import Summary
from recurra.inputs.text.codec import Content
from recurra.inputs.text.word import split_words


class WordSummary(Summary):
    """Which words and pairs of words a text holds, weighted by how rare they are (sparse matrices).

    Args:
        symbols: The words and pairs, in the order of the columns.
        weights: One for each.
    """

    def __init__(self, symbols: Sequence[str], weights: Sequence[float]) -> None:
        self.symbols, self.weights = list(symbols), list(weights)
        self._vectorizer = _vectorizer(vocabulary=self.symbols or None)
        if self.symbols:
            self._vectorizer.idf_ = np.array(self.weights)

    @classmethod
    def learn(cls, contents: Sequence[Content]) -> "WordSummary":
        """See `Summary.learn`."""
        if not any(_symbols(content) for content in contents):
            return cls((), ())
        fitted = _vectorizer().fit(contents)
        return cls(fitted.get_feature_names_out().tolist(), fitted.idf_.tolist())

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "WordSummary":
        """See `Summary.from_dict`."""
        return cls(description["symbols"], description["weights"])

    def to_dict(self) -> dict[str, Any]:
        """See `Summary.to_dict`."""
        return {"symbols": self.symbols, "weights": self.weights}

    def numbers(self, contents: Sequence[Content]) -> Any:
        """See `Summary.numbers`."""
        if not self.symbols or not len(contents):
            return csr_array((len(contents), max(len(self.symbols), 1)))
        return self._vectorizer.transform(contents)


def _vectorizer(**options: Any) -> Any:
    make: Any = TfidfVectorizer  # scikit-learn has no types
    return make(
        tokenizer=_symbols,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, 2),
        binary=True,
        sublinear_tf=True,
        **options,
    )


def _symbols(content: Content) -> list[str]:
    return [symbol.lower() for symbol in (split_words(content) if isinstance(content, str) else content)]

"""Texts without their order: which words and pairs of neighbours they hold, for baselines."""

from collections.abc import Sequence
from typing import Any

from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from recurra.inputs.text.codec import Content
from recurra.inputs.text.word import split_words


def summary(fitted: Sequence[Content], others: Sequence[Sequence[Content]]) -> list[Any]:
    """Which words and pairs of words each text holds, weighted by how rare they are (sparse matrices).

    The pairs and weights are those of the first texts.
    """
    if not any(_symbols(content) for content in fitted):
        return [csr_array((len(contents), 1)) for contents in others]
    make: Any = TfidfVectorizer  # scikit-learn has no types
    vectorizer = make(
        tokenizer=_symbols,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, 2),
        binary=True,
        sublinear_tf=True,
    )
    vectorizer.fit(fitted)
    return [
        vectorizer.transform(contents) if len(contents) else csr_array((0, len(vectorizer.vocabulary_)))
        for contents in others
    ]


def _symbols(content: Content) -> list[str]:
    return [symbol.lower() for symbol in (split_words(content) if isinstance(content, str) else content)]

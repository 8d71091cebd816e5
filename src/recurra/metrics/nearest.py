"""The nearest text of many, by the n-grams of its letters."""

from collections.abc import Sequence

import numpy as np

_AT_ONCE = 256  # texts that are looked up together


def nearest(known: Sequence[str], texts: Sequence[str]) -> list[int]:
    """Of each text the number of the known one most like it: cosine of TF-IDF of two and three letters."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow to import

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=True, min_df=1)
    of_known = vectors.fit_transform(known)
    found: list[int] = []
    for begin in range(0, len(texts), _AT_ONCE):
        alike = vectors.transform(texts[begin : begin + _AT_ONCE]) @ of_known.T
        found += np.asarray(alike.argmax(axis=1)).ravel().tolist()
    return found

"""Vocabularies of the training part alone: what only later rows hold is as unknown as what new data bring."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int32, Int64

from recurra.data.panel import Panel


def forget_unseen(panel: Panel, ends: Int64[np.ndarray, " series"]) -> Panel:
    """The panel with the categories that its training part holds; others get code 0, as missing ones have.

    Args:
        panel: The series.
        ends: Where the training part of each series ends, counted from its beginning. The static covariates
            of series that end at 0 are not looked at.
    """
    schema = panel.schema
    if not schema.vocabularies:
        return panel
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    rows = position < np.repeat(ends, panel.extents)
    vocabularies = dict(schema.vocabularies)
    arrays = []
    for role, codes, trained in (
        ("past", panel.past_codes, rows),
        ("future", panel.future_codes, rows),
        ("static", panel.static_codes, ends > 0),
    ):
        own = codes.copy()
        for at, name in enumerate(schema.categorical(role)):
            vocabularies[name], own[:, at] = _known(schema.vocabularies[name], codes[:, at], trained)
        arrays.append(own)
    past, future, static = arrays
    return replace(
        panel,
        schema=replace(schema, vocabularies=vocabularies),
        past_codes=past,
        future_codes=future,
        static_codes=static,
    )


def _known(
    words: tuple[str, ...], codes: Int32[np.ndarray, " rows"], trained: Bool[np.ndarray, " rows"]
) -> tuple[tuple[str, ...], Int32[np.ndarray, " rows"]]:
    """The words that occur in training rows, and the codes that they give all rows."""
    seen = np.unique(codes[trained])
    seen = seen[seen > 0]
    numbers = np.zeros(len(words) + 1, dtype=np.int32)
    numbers[seen] = np.arange(1, len(seen) + 1)
    return tuple(words[code - 1] for code in seen), numbers[codes]

"""The last rows of every series of a run, as a stream program keeps them, so that known series start warm."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

MOST_NUMBERS = 1_000_000
"""That are kept, of all series together: 4 MB, or 5.3 MB as text. Of many series each keeps fewer rows."""


class Recent(NamedTuple):
    """The last rows of a series.

    Attributes:
        start: Grid time of the first of them.
        values: The target, then the covariates known up to the present; NaN is missing.
    """

    start: int
    values: Float32[np.ndarray, "rows columns"]


def rows_kept(series: int, columns: int, context: int) -> int:
    """How many rows are kept of each series: the context, or what there is room for."""
    return min(context, MOST_NUMBERS // max(1, series * columns))


def to_document(recent: Mapping[str, Recent]) -> dict[str, Any]:
    """As JSON has it: names, starts and lengths, and all values as 32-bit numbers in base64."""
    values = [one.values.astype("<f4").tobytes() for one in recent.values()]
    return {
        "series": list(recent),
        "starts": [one.start for one in recent.values()],
        "lengths": [len(one.values) for one in recent.values()],
        "values": b64encode(b"".join(values)).decode(),
    }


def from_document(document: Mapping[str, Any], columns: int) -> dict[str, Recent]:
    """What `to_document` gave.

    Raises:
        ValueError, TypeError, LookupError: It does not hold together.
    """
    names, starts, lengths = (document[key] for key in ("series", "starts", "lengths"))
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise ValueError("series without names of their own")
    if not (_are_whole(starts) and _are_whole(lengths) and min(lengths, default=1) > 0):
        raise ValueError("starts or lengths that are no whole numbers")
    values = np.frombuffer(b64decode(document["values"], validate=True), "<f4").reshape(-1, columns)
    if np.isinf(values).any() or sum(lengths) != len(values) or not len(names) == len(starts) == len(lengths):
        raise ValueError(f"{len(values)} rows for series of {sum(lengths)}")
    parts = np.split(values, np.cumsum(lengths)[:-1]) if lengths else []
    return {
        name: Recent(start, part.astype(np.float32))
        for name, start, part in zip(names, starts, parts, strict=True)
    }


def _are_whole(numbers: Sequence[object]) -> bool:
    return isinstance(numbers, list) and all(type(one) is int and abs(one) < 1 << 62 for one in numbers)

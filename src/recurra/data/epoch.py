"""The names of the ways in which times are numbers; nothing slow is loaded for them."""

from collections.abc import Mapping
from types import MappingProxyType

EPOCHS: Mapping[str, int] = MappingProxyType({"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9})
"""Units since 1970-01-01 in UTC, each with how many make a second."""

INTEGER = "integer"
FORMATS = (INTEGER, *(f"epoch_{unit}" for unit in EPOCHS))


def is_format(text: str) -> bool:
    """Whether a text says how times are written: by one of these names, or by letters of `strftime`."""
    return text in FORMATS or "%" in text

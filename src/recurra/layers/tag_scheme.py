"""How tags mark spans (BIO, IOBES), and which tag may follow which. No torch."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

Scheme = Literal["bio", "iobes", "plain"]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Allowed(NamedTuple):
    """What a sequence of tags may do.

    Attributes:
        start: (tags,) which may come first.
        end: (tags,) which may come last.
        transitions: (tags, tags) which (column) may follow which (row).
    """

    start: Mask
    end: Mask
    transitions: Mask


def tag_scheme(tags: Sequence[str]) -> Scheme:
    """The scheme of a set of tags: "plain" unless all are O or a letter of it, a dash and a type."""
    prefixes = {tag.partition("-")[0] for tag in tags if "-" in tag}
    if "O" not in tags or not prefixes or any("-" not in tag and tag != "O" for tag in tags):
        return "plain"
    if prefixes <= {"B", "I"}:
        return "bio"
    return "iobes" if prefixes <= {"B", "I", "E", "S"} else "plain"


def allowed_transitions(tags: Sequence[str]) -> Allowed | None:
    """Which tags may begin, end and follow each other; None where tags mark no spans.

    Where no tag begins with B (the older IOB1, in which I opens a span too) nothing is known to be wrong.
    """
    scheme = tag_scheme(tags)
    if scheme == "plain" or not any(tag.startswith("B-") for tag in tags):
        return None
    parts = [_parted(tag) for tag in tags]
    open_after = {"B", "I"} if scheme == "iobes" else set()
    starts = np.array([prefix in ("O", "B", "S") for prefix, _ in parts])
    ends = np.array([prefix not in open_after for prefix, _ in parts])
    transitions = np.array([[_follows(one, two, scheme) for two in parts] for one in parts])
    return Allowed(starts, ends, transitions)


def _parted(tag: str) -> tuple[str, str]:
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def _follows(before: tuple[str, str], after: tuple[str, str], scheme: Scheme) -> bool:
    goes_on = after[0] in ("I", "E")
    inside = before[0] in ("B", "I") and before[1] == after[1]
    if goes_on:
        return inside
    return scheme == "bio" or before[0] not in ("B", "I")

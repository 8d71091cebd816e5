"""Scores of spans that tags mark, counted as conlleval (CoNLL-2000) counts them."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from recurra.errors import DataError


class Span(NamedTuple):
    """A stretch of steps of one kind: its kind, its first step, and the step after its last."""

    kind: str
    begin: int
    end: int


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans that tags of BIO or IOBES mark.

    As conlleval does it: a span begins at B and S, and at I or E where none of the same kind is open; it ends
    at E and S, before B, S and O, and where the kind changes. Departures: the script knows no S, and has no
    rule for B after E of its kind, which it joins to one span. Tags without a kind ("B") mark spans of the
    kind "".

    Source: Tjong Kim Sang and Buchholz, "Introduction to the CoNLL-2000 shared task: chunking" (2000).
    """
    found: list[Span] = []
    opened: Span | None = None
    for step, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        goes_on = opened is not None and prefix in ("I", "E") and kind == opened.kind
        if opened is not None and not goes_on:
            found.append(opened._replace(end=step))
            opened = None
        if opened is None and prefix in ("B", "I", "E", "S"):
            opened = Span(kind, step, step + 1)
        if opened is not None and prefix in ("E", "S"):
            found.append(opened._replace(end=step + 1))
            opened = None
    return found


class SpanCounts(NamedTuple):
    """How many spans there are, were told, and were told rightly (kind and both ends)."""

    true: int
    told: int
    right: int

    @property
    def precision(self) -> float:
        """The share of told spans that are right; 0 where none was told."""
        return self.right / self.told if self.told else 0.0

    @property
    def recall(self) -> float:
        """The share of true spans that were told; 0 where there are none."""
        return self.right / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.true + self.told
        return 2 * self.right / total if total else 0.0


def span_counts(true: Sequence[Sequence[str]], told: Sequence[Sequence[str]]) -> dict[str, SpanCounts]:
    """Counts for each kind of span over sequences of tags; "" for all kinds together.

    Raises:
        DataError: There are not as many sequences, or steps of one, on both sides.
    """
    if [len(tags) for tags in true] != [len(tags) for tags in told]:
        raise DataError(
            "true and told tags of different lengths",
            "a tag on both sides for every step",
            "Give both for the same sequences, in the same order.",
        )
    counters: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    for one, two in zip(true, told, strict=True):
        ours, theirs = set(spans(one)), set(spans(two))
        for counter, found in zip(counters, (ours, theirs, ours & theirs), strict=True):
            counter.update(span.kind for span in found)
    kinds = sorted({kind for counter in counters for kind in counter})
    each = {kind: SpanCounts(*(counter[kind] for counter in counters)) for kind in kinds}
    return {"": SpanCounts(*(counter.total() for counter in counters))} | {
        kind: counts for kind, counts in each.items() if kind
    }


def span_scores(true: Sequence[Sequence[str]], told: Sequence[Sequence[str]]) -> dict[str, float]:
    """Precision, recall and F1 of all spans together; those of each kind are in `span_counts`.

    Raises:
        DataError: As of `span_counts`.
    """
    counts = span_counts(true, told)[""]
    return {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}

"""The tags that a tagger tells, and how often training saw them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.inputs.examples import Examples
from recurra.layers.tag_scheme import tag_scheme

COLUMN_NAMES = ("tags", "tag", "upos", "labels", "ner", "label")
MOST_WORDS = 200_000


@dataclass(frozen=True)
class TagSet:
    """What was learnt of tags.

    Attributes:
        column: The column that holds them.
        tags: The tags, in their order.
        counts: How often each came in the training part.
        by_symbol: For each symbol of a text the index of its most frequent tag there, for a baseline.
    """

    column: str
    tags: tuple[str, ...]
    counts: tuple[int, ...]
    by_symbol: dict[str, int]

    @property
    def scheme(self) -> str:
        """How tags mark spans: "bio", "iobes", or "plain" where they do not."""
        return tag_scheme(self.tags)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "TagSet":
        """Make it from its fields, as JSON has them."""
        return cls(
            description["column"],
            tuple(description["tags"]),
            tuple(description["counts"]),
            dict(description["by_symbol"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)

    def encode(self, examples: Examples) -> list[Any]:
        """For each row the indices of its tags.

        Raises:
            DataError: A row has not one tag for each of its steps, or a tag that training did not see.
        """
        index = {tag: number for number, tag in enumerate(self.tags)}
        rows = []
        for tags, place in zip(tag_rows(examples, self.column), examples.places, strict=True):
            unknown = next((tag for tag in tags if tag not in index), None)
            if unknown is not None:
                raise DataError(
                    f"{place}: a tag {unknown!r}, which the training part does not hold",
                    f"one of {listed(self.tags, 20)}",
                    "Correct it, or train with examples of it.",
                )
            rows.append(np.array([index[tag] for tag in tags], np.int64))
        return rows


def find_tags(frame: pl.DataFrame) -> str | None:
    """The column of tags: one with a known name, else the last that holds lists."""
    names = [one.name for one in frame if one.dtype.is_nested()]
    others = [name for name in names if name != frame.columns[0]]
    return next((name for name in COLUMN_NAMES if name in names), others[-1] if others else None)


def tag_column(examples: Examples) -> str:
    """The name of the column of tags.

    Raises:
        DataError: It is not there, or there is none.
    """
    names = [one.name for one in examples.columns if one.dtype.is_nested()]
    found = examples.kept.told
    if found is None or found not in names:
        raise DataError(
            f"{examples.table.source} has no column {found or 'tags'!r} with a list of tags for each row",
            f"one of {listed(names, 20)}" if names else "CoNLL, CoNLL-U, or JSON Lines with tokens and tags",
            "Name the column with label=.",
        )
    return found


def learn_tags(examples: Examples, train: Examples, column: str) -> TagSet:
    """Learn which tags there are in examples, and how often each comes in those that are trained on.

    Raises:
        DataError: There is one tag only, or a row has not one for each of its steps.
    """
    known = sorted({tag for row in tag_rows(examples, column) for tag in row})
    if len(known) < 2:
        shown = f"{known[0]!r} everywhere" if known else "no tag at all"
        raise DataError(f"column {column!r} holds {shown}", "two tags at least", "Give examples of another.")
    counts: Counter[str] = Counter()
    of_symbols: dict[str, Counter[str]] = {}
    for content, tags in zip(train.contents, tag_rows(train, column), strict=True):
        counts.update(tags)
        if len(of_symbols) < MOST_WORDS:
            for symbol, tag in zip(content, tags, strict=True):
                if isinstance(symbol, str):
                    of_symbols.setdefault(symbol, Counter())[tag] += 1
    index = {tag: number for number, tag in enumerate(known)}
    likely = {symbol: index[own.most_common(1)[0][0]] for symbol, own in of_symbols.items()}
    return TagSet(column, tuple(known), tuple(counts[tag] for tag in known), likely)


def tag_rows(examples: Examples, column: str) -> list[list[str]]:
    """The tags of every row, one for each of its steps.

    Raises:
        DataError: The column is not there, a tag is missing, or a row has not one for each step.
    """
    if column not in examples.columns.columns:
        raise DataError(f"{examples.table.source} has no column {column!r}", "the tags", "Add it.")
    rows = []
    for content, tags, place in zip(
        examples.contents, examples.columns[column].to_list(), examples.places, strict=True
    ):
        own = list(tags or ())
        if len(own) != len(content):
            raise DataError(
                f"{place}: {counted(len(own), 'tag')} for {counted(len(content), 'step')}",
                "one for each",
                "Correct the row.",
            )
        if None in own:
            raise DataError(
                f"{place}: {column} of step {own.index(None) + 1} is missing",
                "a tag",
                "Add it, or drop the row.",
            )
        rows.append([str(tag) for tag in own])
    return rows

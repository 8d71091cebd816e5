"""Columns of text under headings of several lines, as wide as they need, in parts where they are too wide."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

GAP = 2


class Column(NamedTuple):
    """One column.

    Attributes:
        heading: Lines above it.
        texts: One for each row.
        is_text: Whether it begins at the left, as names do.
    """

    heading: Sequence[str]
    texts: Sequence[str]
    is_text: bool = False

    @property
    def width(self) -> int:
        """The columns of the terminal that it takes."""
        return max(map(len, [*self.heading, *self.texts]))

    def placed(self, text: str) -> str:
        """A text as wide as the column."""
        return text.ljust(self.width) if self.is_text else text.rjust(self.width)


def lay_out(columns: Sequence[Column], emphasize: Callable[[str], str]) -> list[str]:
    """The lines of a table: headings set at its bottom, a rule, then the rows."""
    height = max(len(column.heading) for column in columns)
    headings = [[""] * (height - len(column.heading)) + list(column.heading) for column in columns]
    rows = zip(*(column.texts for column in columns), strict=True)
    rule = "─" * _width(columns)
    above = [emphasize(_line(columns, line)) for line in zip(*headings, strict=True)]
    return [*above, rule, *(_line(columns, row) for row in rows)]


def in_parts(columns: Sequence[Column], keys: int, room: int) -> list[list[Column]]:
    """The columns as tables that have room; each begins with the keys and has one more at least.

    Args:
        columns: All of them.
        keys: How many of the first ones say what a row is about.
        room: The width of the terminal.
    """
    parts = [list(columns[:keys])]
    for column in columns[keys:]:
        if len(parts[-1]) > keys and _width([*parts[-1], column]) > room:
            parts.append(list(columns[:keys]))
        parts[-1].append(column)
    return parts


def _width(columns: Sequence[Column]) -> int:
    return sum(column.width + GAP for column in columns) - GAP


def _line(columns: Sequence[Column], texts: Sequence[str]) -> str:
    placed = [column.placed(text) for column, text in zip(columns, texts, strict=True)]
    return (" " * GAP).join(placed).rstrip()

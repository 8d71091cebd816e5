"""How a text becomes numbers, told so that another language can do the same."""

from typing import NamedTuple


class Cutting(NamedTuple):
    """How a text is cut into symbols, and which number each has.

    Attributes:
        pattern: A regular expression of ECMAScript with the flags g, i and u; what it matches are symbols.
        symbols: Their texts by number; "" where a number stands for none.
        unknown: The number of all others.
        lowercase: Whether each letter is made small.
        separator: What stands between two symbols that are written one after another.
    """

    pattern: str
    symbols: tuple[str, ...]
    unknown: int
    lowercase: bool
    separator: str = ""


EVERY_CHARACTER = r"[\s\S]"
EVERY_WORD = r"\S+|\n"

"""Texts that must not be written: which symbols would complete one."""

from collections.abc import Sequence
from typing import Any


class Ban:
    """Tells which symbols would complete something that must not be written.

    What is banned, and what symbols stand for, are all texts, or all tuples of words; so it does not matter
    how a text is cut into symbols.

    Args:
        banned: What must not be written; what is empty bans nothing.
        symbols: What each symbol of the alphabet stands for.

    Attributes:
        longest: How much of what is written before has to be known, in letters or in words.

    >>> from recurra.decoding.ban import Ban
    >>> ban = Ban(["cat"], ["a", "t", "c", "ca", "ts", "xcat"])
    >>> sorted(ban.completing("a c")), sorted(ban.completing("ca")), sorted(ban.completing("", ["cats"]))
    ([5], [1, 4, 5], [5, 6])
    """

    def __init__(self, banned: Sequence[Any], symbols: Sequence[Any]) -> None:
        self._banned = [one for one in banned if len(one)]
        self._size = len(symbols)
        self.longest = max(map(len, self._banned), default=0)
        self._completing = [
            [
                frozenset(number for number, own in enumerate(symbols) if _completes(one, begun, own))
                for begun in range(len(one))
            ]
            for one in self._banned
        ]

    def completing(self, before: Any, own: Sequence[Any] = ()) -> set[int]:
        """The numbers of symbols that must not follow.

        Args:
            before: What is written so far, its last `longest` letters or words at least.
            own: What symbols past the last one of the alphabet stand for.
        """
        found: set[int] = set()
        for banned, completing in zip(self._banned, self._completing, strict=True):
            for begun, numbers in enumerate(completing):
                if begun <= len(before) and before[len(before) - begun :] == banned[:begun]:
                    found |= numbers
                    found |= {self._size + at for at, one in enumerate(own) if _completes(banned, begun, one)}
        return found


def _completes(banned: Any, begun: int, symbol: Any) -> bool:
    """Whether a symbol completes what is banned, after so much of it; after nothing, wherever it holds it."""
    rest = banned[begun:]
    places = range(len(symbol) - len(rest) + 1) if not begun else range(1)
    return any(symbol[place : place + len(rest)] == rest for place in places)

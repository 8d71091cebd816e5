"""Tokens and their numbers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from recurra.errors import DamagedError, DataError

PADDING, UNKNOWN = 0, 1
_RESERVED = 2


class Vocabulary:
    """Tokens by number: 0 is padding, 1 is any unknown token, the others follow.

    Args:
        symbols: The tokens from number 2 on, each once.

    >>> from recurra.inputs.text.vocabulary import Vocabulary
    >>> vocabulary = Vocabulary.from_counts({"a": 3, "b": 1, "c": 2}, max_size=2)
    >>> vocabulary.ids(["c", "b", "a"]), len(vocabulary)
    ([3, 1, 2], 4)
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols, start=_RESERVED)}
        if len(self._numbers) < len(self.symbols):
            twice = next(symbol for symbol, count in Counter(self.symbols).items() if count > 1)
            raise DataError(f"token {twice!r} twice in a vocabulary", "each once", "Leave one out.")

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], *, max_size: int, min_count: int = 1) -> "Vocabulary":
        """The most frequent tokens, those of equal frequency in the order of their letters.

        Args:
            counts: How often each came in the training part.
            max_size: At most so many.
            min_count: How often each came at least.
        """
        ordered = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
        return cls([symbol for symbol in ordered if counts[symbol] >= min_count][:max_size])

    def ids(self, symbols: Iterable[str]) -> list[int]:
        """The numbers of tokens."""
        return [self._numbers.get(symbol, UNKNOWN) for symbol in symbols]

    def __len__(self) -> int:
        """How many numbers there are, padding and unknown among them."""
        return _RESERVED + len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._numbers

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {"symbols": list(self.symbols)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Vocabulary":
        """The vocabulary that `to_dict` described.

        Raises:
            DamagedError: It is no list of texts.
        """
        symbols = description.get("symbols")
        if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
            raise DamagedError("a vocabulary without its list of tokens", "symbols", "Restore the file.")
        return cls(symbols)

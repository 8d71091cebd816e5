"""Texts that must not be written, by the symbols of an alphabet."""

from collections.abc import Sequence
from typing import Any

from recurra.decoding.ban import Ban
from recurra.decoding.beam import Banned
from recurra.inputs.symbol import Alphabet

_PIECES = 4  # of a letter at most: its bytes


class BannedTexts:
    """What may not follow, by texts that must not be written.

    Args:
        texts: These.
        alphabet: Of what is written.
    """

    def __init__(self, texts: Sequence[str], alphabet: Alphabet) -> None:
        self._alphabet, self._in_words = alphabet, alphabet.unit == "word"
        whole = [tuple(alphabet.texts(one)) if self._in_words else one for one in texts]
        self._ban = Ban(whole, [self._spelled([number], ()) for number in range(len(alphabet))])

    def _spelled(self, numbers: Sequence[int], own: Sequence[str]) -> Any:
        """What symbols stand for: a tuple of words, or letters."""
        if self._in_words:
            return tuple(self._alphabet.symbols(numbers, own))
        return self._alphabet.content(numbers, own)

    def of(self, owns: Sequence[Sequence[str]]) -> Banned:
        """The same for rows, which can also copy symbols of their own."""
        copied = [[(one,) if self._in_words else one for one in own] for own in owns]

        def completing(row: int, symbols: Sequence[int]) -> set[int]:
            last = symbols[-_PIECES * self._ban.longest :]
            return self._ban.completing(self._spelled(last, owns[row]), copied[row])

        return completing

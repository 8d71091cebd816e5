"""Texts of a live stream as symbols, without torch."""

from collections.abc import Mapping
from typing import Any

from recurra.errors import DataError
from recurra.inputs.alphabet import revive_alphabet
from recurra.inputs.live import LiveSymbols
from recurra.inputs.symbol import Alphabet


class LiveCorpus(LiveSymbols):
    """The symbols of a text.

    Args:
        alphabet: Texts to symbols.
    """

    columns = ("text",)

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveCorpus":
        """Make it from what `Alphabet.to_dict` gave.

        Raises:
            DamagedError: A part is missing.
        """
        return cls(revive_alphabet(metadata))

    def steps(self, row: Mapping[str, Any]) -> list[int]:
        """The symbols of `text`.

        Raises:
            DataError: There is no text, or it is empty.
        """
        content = row.get("text")
        if not isinstance(content, str) or not content:
            got = "a row without text" if content in (None, "") else f"text is {content!r}"
            raise DataError(got, '{"text": "..."}', "Write the text in column text.")
        symbols: list[int] = self.alphabet.ids(content).tolist()
        return symbols

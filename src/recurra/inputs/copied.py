"""Texts that are read as those to write are, so that what is written can be copied from what is read."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch.nn.functional as F
from jaxtyping import Int64
from torch import Tensor, nn

from recurra.inputs.alphabet import revive_alphabet
from recurra.inputs.input import Encoder, Encoding
from recurra.inputs.symbol import PADDING, UNKNOWN, Alphabet
from recurra.layers import VariationalDropout

_SPREAD = 0.1


class Copier:
    """The numbers that symbols of a text that is read have where they are written, by their texts.

    A text that is one symbol of the alphabet has that one's number. One that would be a single unknown symbol
    has a number of its own past the last, in the order in which such texts come first; so it can be written,
    though training never met it. Anything else (a piece of a word that is none where words are written) is
    UNKNOWN, and is not copied.

    Args:
        alphabet: Of the texts to write.

    >>> from recurra.inputs.alphabet import WordAlphabet
    >>> Copier(WordAlphabet(["my", "name"])).numbers(["my", "son", "Bob", "son"])
    ([3, 5, 6, 5], ['son', 'Bob'])
    """

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._known: dict[str, int] = {}

    def numbers(self, texts: Sequence[str]) -> tuple[list[int], list[str]]:
        """The number of each text, and the texts of those past the last one."""
        own: dict[str, int] = {}
        found = [self._number(text, own) for text in texts]
        return found, [*own]

    def _number(self, text: str, own: dict[str, int]) -> int:
        if text in own:
            return len(self._alphabet) + own[text]
        if text not in self._known:
            ids = self._alphabet.ids(text)
            if len(ids) == 1 and ids[0] == UNKNOWN:
                own[text] = len(own)
                return len(self._alphabet) + own[text]
            self._known[text] = int(ids[0]) if len(ids) == 1 else UNKNOWN
        return self._known[text]


class SymbolEncoding(Encoding):
    """Texts as symbols of an alphabet, and beside each of them its number where it is written.

    Args:
        alphabet: What they are made of.
        written: What the texts to write are made of; it may be the same.
        copies: Whether to give the numbers of what is written, too.
        max_length: Most symbols that are read.
        embedding_size: Numbers that stand for one.
        symbol_dropout: Share of symbols that training reads as unknown.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        written: Alphabet,
        *,
        copies: bool,
        max_length: int,
        embedding_size: int,
        symbol_dropout: float = 0.0,
    ) -> None:
        self.alphabet, self.max_length = alphabet, max_length
        self.copier = Copier(written) if copies else None
        self.is_joint = alphabet is written
        self.embedding_size, self.symbol_dropout = embedding_size, symbol_dropout

    def encode(self, content: Any) -> Int64[np.ndarray, "time columns"]:
        """Ids (time, 1), or (time, 2) with those that symbols are written with; of nothing an unknown one."""
        columns = [self.alphabet.ids(content)[: self.max_length]]
        if self.copier is not None:
            columns.append(np.array(self.copier.numbers(self.texts(content))[0], np.int32))
        encoded: Int64[np.ndarray, "time columns"] = np.stack(columns, axis=1).astype(np.int64)
        return encoded if len(encoded) else np.full((1, len(columns)), UNKNOWN, np.int64)

    def texts(self, content: Any) -> list[str]:
        """The symbols that are read, as they stand."""
        return self.alphabet.texts(content)[: self.max_length]

    def pieces(self, content: Any) -> list[str]:
        """What each step of `encode` stands for, as people read it."""
        return [text if text.strip() else "␣" for text in self.texts(content)] or [""]

    def augment(
        self, encoded: Int64[np.ndarray, "time columns"], random: np.random.Generator
    ) -> Int64[np.ndarray, "time columns"]:
        """Some symbols are read as unknown ones; they can be copied all the same."""
        if not self.symbol_dropout:
            return encoded
        varied = encoded.copy()
        varied[random.random(len(encoded)) < self.symbol_dropout, 0] = UNKNOWN
        return varied

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {
            "alphabet": None if self.is_joint else self.alphabet.to_dict(),
            "copies": self.copier is not None,
            "max_length": self.max_length,
            "embedding_size": self.embedding_size,
            "symbol_dropout": self.symbol_dropout,
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any], written: Alphabet) -> "SymbolEncoding":
        """The encoding that `to_dict` described; `written` is the alphabet of the texts to write."""
        own = {key: value for key, value in description.items() if key != "alphabet"}
        given = description["alphabet"]
        return cls(written if given is None else revive_alphabet(given), written, **own)


class SymbolEncoder(Encoder):
    """Embeddings of symbols.

    Args:
        vocabulary: How many symbols there are.
        embedding_size: Features of one.
        embedding_dropout: Share of the vocabulary that is dropped in training (Gal & Ghahramani 2016).
        locked_dropout: Share of features that are dropped in training, the same at all steps of a row.
    """

    def __init__(
        self,
        vocabulary: int,
        embedding_size: int,
        *,
        embedding_dropout: float = 0.0,
        locked_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding_size, padding_idx=PADDING)
        nn.init.uniform_(self.embedding.weight, -_SPREAD, _SPREAD)
        self.embedding_dropout, self.dropout = embedding_dropout, VariationalDropout(locked_dropout)
        self.output_size = embedding_size

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map ids (batch, time, columns), of which the first is read, to (batch, time, output_size)."""
        del lengths
        ids = values[:, :, 0]
        features = self.embedding(ids)
        if self.training and self.embedding_dropout:
            kept = features.new_ones(self.embedding.num_embeddings, 1)
            features = features * F.embedding(ids, F.dropout(kept, self.embedding_dropout))
        dropped: Tensor = self.dropout(features)
        return dropped

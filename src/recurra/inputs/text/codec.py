"""From a text, or from a list of tokens, to numbers; nothing here needs torch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from recurra.data.cutting import EVERY_CHARACTER, Cutting
from recurra.errors import ConfigError, DamagedError, DataError
from recurra.inputs.subword import Subwords
from recurra.inputs.text.vocabulary import UNKNOWN, Vocabulary
from recurra.inputs.text.word import Unit, lowered, script_pattern, shortened, split_words

Content = str | Sequence[str]
MAX_WORD = 20  # letters of a word that a character encoder reads
_MOST_LETTERS = 5000


@dataclass(frozen=True)
class TextCodec:
    """How contents become ids.

    Attributes:
        unit: What a text is cut into; a list of tokens stays as it is.
        lowercase: Whether capital letters are read as small ones.
        max_length: Most tokens that are read.
        vocabulary: The tokens and their ids.
        alphabet: The letters of words and their ids, if they are read too.
    """

    unit: Unit
    lowercase: bool
    max_length: int
    vocabulary: Vocabulary | Subwords
    alphabet: Vocabulary | None = None

    @classmethod
    def learn(
        cls,
        contents: Sequence[Content],
        *,
        unit: Unit,
        lowercase: bool,
        max_length: int,
        max_vocabulary: int,
        min_count: int,
        characters: bool,
    ) -> "TextCodec":
        """Learn the vocabulary of the training part.

        Raises:
            ConfigError: Pieces of words are asked for where the data hold lists of tokens.
            MissingDependencyError: Pieces of words need tokenizers, which is not installed.
        """
        if unit == "subword":
            if not all(isinstance(content, str) for content in contents):
                raise ConfigError(
                    "tokens is 'subword' for lists of tokens", "auto or word", "Leave tokens out."
                )
            texts = (_plain(content, lowercase=lowercase) for content in contents)
            pieces = Subwords.train(texts, max_size=max_vocabulary, min_count=min_count)
            return cls(unit, lowercase, max_length, pieces)
        counts: Counter[str] = Counter()
        letters: Counter[str] = Counter()
        for content in contents:
            symbols = cut(content, unit, max_length)
            counts.update(map(lowered, symbols) if lowercase else symbols)
            if characters:
                letters.update(letter for symbol in symbols for letter in symbol[:MAX_WORD])
        vocabulary = Vocabulary.from_counts(counts, max_size=max_vocabulary, min_count=min_count)
        alphabet = Vocabulary.from_counts(letters, max_size=_MOST_LETTERS) if characters else None
        return cls(unit, lowercase, max_length, vocabulary, alphabet)

    def encode(self, content: Any) -> Int64[np.ndarray, "time columns"]:
        """Ids (time, 1), or (time, 1 + MAX_WORD) with those of letters; of nothing a single unknown token.

        Raises:
            DataError: It is neither a text nor a list of texts.
        """
        if isinstance(self.vocabulary, Subwords):
            text = shortened(content, "subword", self.max_length) if isinstance(content, str) else content
            ids = self.vocabulary.ids(_plain(text, lowercase=self.lowercase))[: self.max_length]
            return np.array(ids or [UNKNOWN], np.int64)[:, None]
        symbols = cut(content, self.unit, self.max_length)
        plain = [lowered(symbol) for symbol in symbols] if self.lowercase else symbols
        ids = self.vocabulary.ids(plain) or [UNKNOWN]
        if self.alphabet is None:
            return np.array(ids, np.int64)[:, None]
        encoded = np.zeros((len(ids), 1 + MAX_WORD), np.int64)
        encoded[:, 0] = ids
        for step, symbol in enumerate(symbols):
            letters = self.alphabet.ids(symbol[:MAX_WORD])
            encoded[step, 1 : 1 + len(letters)] = letters
        return encoded

    def cutting(self) -> Cutting | None:
        """How texts become ids; None of pieces of words, or where letters of words are read too."""
        own = self.vocabulary
        if isinstance(own, Subwords) or self.alphabet is not None:
            return None
        pattern = EVERY_CHARACTER if self.unit == "character" else script_pattern()
        separator = "" if self.unit == "character" else " "
        symbols = ("",) * (len(own) - len(own.symbols)) + own.symbols
        return Cutting(pattern, symbols, UNKNOWN, self.lowercase, separator)

    def pieces(self, content: Any) -> list[str]:
        """What each id of `encode` stands for, as people read it."""
        if isinstance(self.vocabulary, Subwords):
            numbers = self.encode(content)[:, 0]
            whole = self.vocabulary.bytes_of_pieces()
            return [whole[number].decode("utf-8", "replace").strip() or "␣" for number in numbers]
        return [one if one.strip() else "␣" for one in cut(content, self.unit, self.max_length)] or [""]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {
            "unit": self.unit,
            "lowercase": self.lowercase,
            "max_length": self.max_length,
            "vocabulary": self.vocabulary.to_dict(),
            "alphabet": None if self.alphabet is None else self.alphabet.to_dict(),
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "TextCodec":
        """The codec that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        try:
            unit, own, letters = description["unit"], description["vocabulary"], description["alphabet"]
            return cls(
                unit,
                bool(description["lowercase"]),
                int(description["max_length"]),
                Subwords.from_dict(own) if unit == "subword" else Vocabulary.from_dict(own),
                None if letters is None else Vocabulary.from_dict(letters),
            )
        except KeyError as error:
            raise DamagedError(
                f"a text encoding without {error.args[0]!r}", "what its training wrote", "Restore the file."
            ) from error


def cut(content: Any, unit: Unit, longest: int) -> list[str]:
    """At most so many tokens of a text, by words or letters; of a list of tokens its first ones.

    Raises:
        DataError: It is neither a text nor a list of texts.
    """
    if isinstance(content, str):
        text = shortened(content, unit, longest)
        return list(text) if unit == "character" else split_words(text)
    symbols = list(content[:longest]) if isinstance(content, Sequence) else [content]
    if not all(isinstance(symbol, str) for symbol in symbols):
        raise DataError(
            f"a content of type {type(content).__name__}",
            "a text, or a list of tokens",
            "Convert it to text.",
        )
    return symbols


def _plain(text: Any, *, lowercase: bool) -> Any:
    return lowered(text) if lowercase and isinstance(text, str) else text

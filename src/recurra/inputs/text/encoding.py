"""What was learnt of the texts of the training part."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from recurra.data.cutting import Cutting
from recurra.errors import ConfigError, DamagedError
from recurra.inputs.input import Encoding
from recurra.inputs.text.codec import Content, TextCodec
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.vectors import read_vectors
from recurra.inputs.text.vocabulary import UNKNOWN, Vocabulary


class TextEncoding(Encoding):
    """How texts become arrays of ids.

    Args:
        codec: Texts to ids.
        embedding_size: Numbers that stand for a token.
        word_dropout: Share of tokens that training reads as unknown.
        vectors: What the embedding starts from, (vocabulary, embedding_size), where a file gave it. It is
            not part of `to_dict`: a trained net has its own.
    """

    def __init__(
        self,
        codec: TextCodec,
        embedding_size: int,
        word_dropout: float = 0.0,
        vectors: Float32[np.ndarray, "vocabulary features"] | None = None,
    ) -> None:
        self.codec = codec
        self.embedding_size = embedding_size
        self.word_dropout = word_dropout
        self.vectors = vectors

    @classmethod
    def learn(cls, contents: Sequence[Content], config: TextConfig) -> "TextEncoding":
        """Learn the vocabulary, and read the embeddings of its tokens, if a file has them.

        Raises:
            ConfigError: Settings and data do not go together.
            DataError: The file of embeddings cannot be used.
        """
        codec = TextCodec.learn(
            contents,
            unit=config.unit,
            lowercase=config.lowercase,
            max_length=config.max_length,
            max_vocabulary=config.max_vocabulary,
            min_count=config.min_count,
            characters=config.characters != "none",
        )
        if config.embeddings is None:
            return cls(codec, config.embedding_size, config.word_dropout)
        if not isinstance(codec.vocabulary, Vocabulary):
            raise ConfigError("embeddings for tokens=subword", "tokens=word", "Leave one of them out.")
        vectors = read_vectors(Path(config.embeddings), codec.vocabulary)
        return cls(codec, vectors.shape[1], config.word_dropout, vectors)

    def encode(self, content: Any) -> Int64[np.ndarray, "time columns"]:
        """Ids (time, 1), or (time, 1 + MAX_WORD) with those of letters; see `TextCodec.encode`."""
        return self.codec.encode(content)

    def cutting(self) -> Cutting | None:
        """See `Encoding.cutting`; pieces of words are not told."""
        return self.codec.cutting()

    def pieces(self, content: Any) -> list[str]:
        """What each step of `encode` stands for, as people read it."""
        return self.codec.pieces(content)

    def augment(
        self, encoded: Int64[np.ndarray, "time columns"], random: np.random.Generator
    ) -> Int64[np.ndarray, "time columns"]:
        """Some tokens as unknown ones; their letters stay, so that a net learns to go by these."""
        if not self.word_dropout:
            return encoded
        varied = encoded.copy()
        varied[random.random(len(encoded)) < self.word_dropout, 0] = UNKNOWN
        return varied

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {
            **self.codec.to_dict(),
            "embedding_size": self.embedding_size,
            "word_dropout": self.word_dropout,
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "TextEncoding":
        """The encoding that `to_dict` described.

        Raises:
            DamagedError: A part is missing.
        """
        if "embedding_size" not in description:
            raise DamagedError(
                "a text encoding without 'embedding_size'", "all its parts", "Restore the file."
            )
        word_dropout = float(description.get("word_dropout", 0.0))
        return cls(TextCodec.from_dict(description), int(description["embedding_size"]), word_dropout)

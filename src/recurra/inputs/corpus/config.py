"""The settings of running text as input."""

from typing import Literal

from pydantic import Field

from recurra.config import Config


class CorpusConfig(Config):
    """What a document is, and what it is cut into.

    Attributes:
        text: Column with the text, where the source is a table; auto takes `text`, `content` or the like.
        documents: What a document is in a plain text file: the whole file, or each of its lines.
        tokens: What a text is cut into: characters, words (what stands between spaces; the end of a line is
            one too) or pieces of words.
        lowercase: Whether capital letters are read as small ones.
        max_vocabulary: Most symbols that are told apart; the most frequent ones are.
        min_count: How often a symbol comes in the training part at least; rarer ones are unknown.
    """

    text: str = "auto"
    documents: Literal["file", "line"] = "file"
    tokens: Literal["character", "word", "subword"] = "character"
    lowercase: bool = False
    max_vocabulary: int = Field(default=30_000, ge=1, le=10_000_000)
    min_count: int = Field(default=1, ge=1)

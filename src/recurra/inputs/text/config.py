"""The settings of texts as input."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from recurra.config import Config, Search


class TextConfig(Config):
    """What the net reads of a text, and how that becomes numbers.

    Attributes:
        text: Column with the text, or with a list of tokens for each row; auto takes `tokens`, `text`,
            `sentence` or the like, else the one column that holds texts.
        tokens: What a text is cut into; auto takes words. Lists of tokens stay as they are.
        lowercase: Whether capital letters are read as small ones; a character encoder sees them all the same.
        max_vocabulary: Most tokens that are told apart; the most frequent ones are.
        min_count: How often a token comes in the training part at least; rarer ones are unknown.
        max_length: Most tokens that are read of a text; what follows is cut off, and said.
        embedding_size: Numbers that stand for a token; a file of embeddings has its own.
        embeddings: File in the format of GloVe or fastText with numbers to start from (.txt, .vec, also .gz).
        characters: Whether the letters of each word are read too, by a small LSTM or a convolution.
        character_size: Numbers that its letters give a word.
        embedding_dropout: Share of the vocabulary that is dropped as a whole in each step of training.
        locked_dropout: Share of an embedding's numbers that are dropped, the same ones in a whole text.
        word_dropout: Share of tokens that training reads as unknown, so that it learns what to do with them.
    """

    text: str = "auto"
    tokens: Literal["auto", "word", "character", "subword"] = "auto"
    lowercase: bool = True
    max_vocabulary: int = Field(default=30_000, ge=1, le=10_000_000)
    min_count: int = Field(default=1, ge=1)
    max_length: int = Field(default=400, ge=1, le=1_000_000)
    embedding_size: Annotated[int, Search(32, 300, log=True)] = Field(default=100, ge=1, le=16_384)
    embeddings: str | None = None
    characters: Annotated[Literal["none", "lstm", "conv"], Search(choices=("none", "lstm", "conv"))] = "none"
    character_size: int = Field(default=50, ge=2, le=4096)
    embedding_dropout: Annotated[float, Search(0.0, 0.3)] = Field(default=0.0, ge=0, lt=1)
    locked_dropout: Annotated[float, Search(0.0, 0.6)] = Field(default=0.2, ge=0, lt=1)
    word_dropout: Annotated[float, Search(0.0, 0.2)] = Field(default=0.02, ge=0, lt=1)

    @property
    def unit(self) -> Literal["word", "character", "subword"]:
        """What a text is cut into."""
        return "word" if self.tokens == "auto" else self.tokens

    @model_validator(mode="after")
    def _check_characters(self) -> "TextConfig":
        if self.characters != "none" and self.tokens not in ("auto", "word"):
            raise ValueError(f"characters={self.characters} goes with tokens=word, whose letters it reads")
        return self

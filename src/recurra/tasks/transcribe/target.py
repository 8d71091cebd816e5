"""The texts that are told: their symbols, and which of them have room in their steps."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from recurra.errors import DataError
from recurra.experiment.examples import Data, text_column
from recurra.experiment.script import SHIFT
from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.examples import Examples
from recurra.inputs.symbol import UNKNOWN, Alphabet
from recurra.metrics.transcription import Normalization, normalized

COLUMN_NAMES = ("text", "transcript", "transcription", "sentence", "target", "label")


class Target:
    """What was learnt of the texts.

    Args:
        column: The name of their column.
        alphabet: What they are made of.
        normalize: What of them is not told.
        likely: The most frequent text of the training part.
    """

    def __init__(self, column: str, alphabet: Alphabet, normalize: Normalization, likely: str) -> None:
        self.column, self.alphabet, self.normalize, self.likely = column, alphabet, normalize, likely

    @classmethod
    def learn(cls, data: Data, train: Examples) -> "Target":
        """Learn the alphabet of all that is given to train on.

        Raises:
            DataError: There is no column of texts, a text is missing, or there is no symbol in any of them.
        """
        column = text_column(data.train, data.train.kept.told, "Name the column with label=.")
        config = data.config
        every = [normalized(one, config.normalize) for one in texts_of(data.train, column)]
        alphabet = learn_alphabet(iter(every), config.target_tokens, max_size=config.target_vocabulary)
        own = Counter(normalized(one, config.normalize) for one in texts_of(train, column))
        return cls(column, alphabet, config.normalize, own.most_common(1)[0][0])

    @property
    def size(self) -> int:
        """How many numbers the net tells of: those of the symbols, and the blank."""
        return len(self.alphabet) - SHIFT

    def truths(self, examples: Examples) -> list[str]:
        """The texts, normalised.

        Raises:
            DataError: One is missing; the message says where.
        """
        return [normalized(one, self.normalize) for one in texts_of(examples, self.column)]

    def encode(self, examples: Examples) -> list[np.ndarray]:
        """The net's numbers of every text's symbols; those that training did not meet are left out.

        Raises:
            DataError: A text is missing; the message says where.
        """
        ids = (self.alphabet.ids(one).astype(np.int64) for one in self.truths(examples))
        return [own[own != UNKNOWN] - SHIFT for own in ids]

    def unknown(self, examples: Examples) -> int:
        """How many texts hold symbols that training did not meet."""
        return sum(bool((self.alphabet.ids(one) == UNKNOWN).any()) for one in self.truths(examples))

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        own = {"column": self.column, "normalize": self.normalize, "likely": self.likely}
        return {**own, "alphabet": self.alphabet.to_dict()}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Target":
        """The same again from what `to_dict` gave."""
        rest = {name: value for name, value in description.items() if name != "alphabet"}
        return cls(alphabet=revive_alphabet(description["alphabet"]), **rest)


def find_text(frame: pl.DataFrame) -> str | None:
    """The column of texts: the first with a known name."""
    texts = {one.name.lower(): one.name for one in frame if one.dtype == pl.String}
    return next((texts[name] for name in COLUMN_NAMES if name in texts), None)


def texts_of(examples: Examples, column: str) -> list[str]:
    """The texts as they stand; an empty one says that there is nothing to tell.

    Raises:
        DataError: One is missing.
    """
    if column not in examples.columns.columns:
        raise DataError(f"{examples.table.source} has no column {column!r}", "the texts", "Add it.")
    texts: list[str | None] = examples.columns[column].cast(pl.String).to_list()
    missing = next((at for at, text in enumerate(texts) if text is None), None)
    if missing is not None:
        raise DataError(
            f"{examples.places[missing]} has no {column}",
            "the text of what is in it",
            "Add it, or leave the row out.",
        )
    return [str(text) for text in texts]

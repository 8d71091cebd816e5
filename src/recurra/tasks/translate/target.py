"""The texts to write: their alphabet, and what short cuts of translation come to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.errors import DataError
from recurra.experiment.examples import Data
from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.examples import Examples
from recurra.inputs.symbol import END, Alphabet
from recurra.tasks.translate.pairs import TARGET

_SHORT = 40.0  # characters, on average, up to which texts are written character by character


class Target:
    """What was learnt of the texts to write.

    Args:
        alphabet: What they are made of.
        longest: Symbols of the longest one of the training part.
        ratio: Symbols to write for each character that is read, at most.
        likely: The most frequent text.
        max_target: Most symbols of one.

    Attributes:
        column: The name of their column.
    """

    column = TARGET

    def __init__(self, alphabet: Alphabet, longest: int, ratio: float, likely: str, max_target: int) -> None:
        self.alphabet, self.longest, self.ratio = alphabet, longest, ratio
        self.likely, self.max_target = likely, max_target

    @classmethod
    def learn(cls, data: Data, train: Examples) -> "Target":
        """Learn the alphabet of the training part.

        Raises:
            DataError: There is no text to write.
        """
        config, texts = data.config, texts_of(train)
        unit = config.target_tokens
        if unit == "auto":
            unit = "character" if float(np.mean([len(one) for one in texts])) <= _SHORT else "subword"
        alphabet = learn_alphabet(iter(texts), unit, max_size=config.target_vocabulary)
        sizes = np.array([len(alphabet.ids(one)) for one in texts])
        read = np.array([max(len(one), 1) for one in train.contents])
        ratio = float(np.quantile(sizes / read, 0.99)) if len(sizes) else 1.0
        likely = Counter(texts).most_common(1)[0][0]
        return cls(alphabet, int(sizes.max()), ratio, likely, config.max_target)

    def encode(self, examples: Examples) -> Sequence[Any]:
        """The symbols of every text to write, and END.

        Raises:
            DataError: One is missing; the message says where.
        """
        texts = texts_of(examples)
        found = [np.append(self.alphabet.ids(one), END).astype(np.int64) for one in texts]
        return [one if len(one) <= self.max_target else one[: self.max_target] for one in found]

    def longest_of(self, content: str) -> int:
        """Symbols after which a text for this one is cut off."""
        return int(min(max(2 * self.ratio * len(content), 10) + 5, 2 * self.longest + 10))

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "alphabet": self.alphabet.to_dict(),
            "longest": self.longest,
            "ratio": self.ratio,
            "likely": self.likely,
            "max_target": self.max_target,
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Target":
        """The same again from what `to_dict` gave."""
        rest = {name: value for name, value in description.items() if name != "alphabet"}
        return cls(revive_alphabet(description["alphabet"]), **rest)


def texts_of(examples: Examples) -> list[str]:
    """The texts to write.

    Raises:
        DataError: One is missing.
    """
    texts = examples.columns[TARGET].to_list()
    for place, text in zip(examples.places, texts, strict=True):
        if text is None or not text.strip():
            raise DataError(
                f"{place} has no text to write", "one for each to read", "Add it, or leave the row out."
            )
    return texts

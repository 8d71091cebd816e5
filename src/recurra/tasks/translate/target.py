"""The texts to write: their alphabet, and what short cuts of translation come to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from jaxtyping import Int64

from recurra.errors import DataError
from recurra.experiment.examples import Data
from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.copied import Copier
from recurra.inputs.examples import Examples
from recurra.inputs.symbol import END, UNKNOWN, Alphabet
from recurra.tasks.translate.pairs import TARGET

SHORT = 40.0  # characters, on average, up to which texts are read and written character by character


class Target:
    """What was learnt of the texts to write.

    Args:
        alphabet: What they are made of.
        longest: Symbols of the longest one of the training part.
        ratio: Symbols to write for each character that is read, at most.
        likely: The most frequent text.
        max_target: Most symbols of one.
        copies: How many of the first symbols of what is read can be copied.

    Attributes:
        column: The name of their column.
    """

    column = TARGET

    def __init__(
        self,
        alphabet: Alphabet,
        longest: int,
        ratio: float,
        likely: str,
        max_target: int,
        copies: int = 0,
    ) -> None:
        self.alphabet, self.longest, self.ratio = alphabet, longest, ratio
        self.likely, self.max_target, self.copies = likely, max_target, copies
        self._copier = Copier(alphabet)

    @classmethod
    def learn(cls, data: Data, train: Examples) -> "Target":
        """Learn the alphabet of the training part.

        Raises:
            DataError: There is no text to write.
        """
        config, texts = data.config, texts_of(train)
        unit = config.target_tokens
        if unit == "auto":
            unit = "character" if float(np.mean([len(one) for one in texts])) <= SHORT else "subword"
        both = chain(texts, train.contents) if config.joint_vocabulary else iter(texts)
        alphabet = learn_alphabet(both, unit, max_size=config.target_vocabulary)
        sizes = np.array([len(alphabet.ids(one)) for one in texts]).clip(max=config.max_target)
        read = np.array([max(len(one), 1) for one in train.contents])
        ratio = float(np.quantile(sizes / read, 0.99)) if len(sizes) else 1.0
        likely = Counter(texts).most_common(1)[0][0]
        copies = config.max_length if config.copying else 0
        return cls(alphabet, int(sizes.max()), ratio, likely, config.max_target, copies)

    def encode(self, examples: Examples) -> Sequence[Any]:
        """The symbols of every text to write, and END.

        Raises:
            DataError: One is missing; the message says where.
        """
        found = []
        for content, text in zip(examples.contents, texts_of(examples), strict=True):
            ids = np.append(self.alphabet.ids(text), END).astype(np.int64)[: self.max_target]
            self._point(ids, text, self.own(content))
            found.append(ids)
        return found

    def cut(self, targets: Sequence[Any]) -> int:
        """How many of some that `encode` gave are the beginnings of longer texts."""
        return sum(int(one[-1]) != END for one in targets)

    def own(self, content: Any) -> list[str]:
        """The symbols of a text to read that are none of the alphabet, but can be copied.

        Their numbers are those past the last one of the alphabet. Where pieces of words are written there are
        none: any text is made of these.
        """
        if not self.copies or self.alphabet.unit == "subword":
            return []
        return self._copier.numbers(self.alphabet.texts(content)[: self.copies])[1]

    def _point(self, ids: Int64[np.ndarray, " symbols"], text: str, own: Sequence[str]) -> None:
        """Say of unknown symbols which one of those that can be copied they are."""
        if not own or not (ids == UNKNOWN).any():
            return
        symbols = self.alphabet.texts(text)
        for place in np.flatnonzero(ids == UNKNOWN):
            if symbols[place] in own:
                ids[place] = len(self.alphabet) + own.index(symbols[place])

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
            "copies": self.copies,
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

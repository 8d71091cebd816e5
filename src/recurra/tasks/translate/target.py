"""The texts to write: their alphabet, and what short cuts of translation come to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from jaxtyping import Int64

from recurra.experiment.examples import Data
from recurra.experiment.written_text import beginning
from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.copied import Copier
from recurra.inputs.examples import Examples
from recurra.inputs.symbol import END, UNKNOWN, Alphabet
from recurra.tasks.translate.pairs import TARGET

_SHORT = 40.0  # characters up to which texts are read and written character by character


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
        """Learn the alphabet of the training part."""
        config, texts = data.config, texts_of(train)
        unit = config.target_tokens
        if unit == "auto":
            unit = usual_unit(texts)
        both = chain(texts, train.contents) if config.joint_vocabulary else iter(texts)
        alphabet = learn_alphabet(both, unit, max_size=config.target_vocabulary)
        sizes = np.array([len(alphabet.ids(one)) for one in texts]).clip(max=config.max_target)
        read = np.array([max(len(one), 1) for one in train.contents])
        ratio = float(np.quantile(sizes / read, 0.99)) if len(sizes) else 1.0
        likely = Counter(texts).most_common(1)[0][0]
        copies = config.max_length if config.copying else 0
        return cls(alphabet, int(sizes.max()), ratio, likely, config.max_target, copies)

    def encode(self, examples: Examples) -> Sequence[Any]:
        """The symbols of every text to write, and END; the first `max_target` of them."""
        found = []
        for content, text in zip(examples.contents, texts_of(examples), strict=True):
            found.append(np.append(self.ids(text, self.own(content)), END)[: self.max_target])
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

    def ids(self, text: str, own: Sequence[str]) -> Int64[np.ndarray, " symbols"]:
        """The numbers of a text's symbols; unknown ones among those that can be copied have numbers, too."""
        ids = self.alphabet.ids(text).astype(np.int64)
        if own and (ids == UNKNOWN).any():
            symbols = self.alphabet.texts(text)
            for place in np.flatnonzero(ids == UNKNOWN):
                if symbols[place] in own:
                    ids[place] = len(self.alphabet) + own.index(symbols[place])
        return ids

    def beginning(self, text: str, own: Sequence[str]) -> list[int]:
        """The numbers of what a text to write is to begin with.

        Raises:
            ConfigError: It holds symbols that cannot be written.
        """
        return beginning(self.alphabet, text, self.ids(text, own).tolist())

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


def usual_unit(texts: Sequence[str]) -> str:
    """What texts are made of where nobody says: it goes by the length of most, not by some very long ones."""
    return "character" if float(np.median([len(one) for one in texts])) <= _SHORT else "subword"


def texts_of(examples: Examples) -> list[str]:
    """The texts to write."""
    texts: list[str] = examples.columns[TARGET].to_list()
    return texts

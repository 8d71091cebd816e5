"""The sentences to write: their alphabet, and which of them are of the same content."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.experiment.examples import Data
from recurra.experiment.writing import BREAK
from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.examples import Examples
from recurra.inputs.symbol import END, Alphabet
from recurra.metrics.transcription import Normalization, normalized

COLUMN_NAMES = ("caption", "description", "sentence", "text", "target", "label")
_NUMBERED = re.compile(r"(.*?)[ _.\-#]?(\d+)")


class Target:
    """What was learnt of the sentences.

    Args:
        column: The name of their column.
        alphabet: What they are made of.
        normalize: What of them is not told.
        likely: The most frequent one of the training part.
        longest: Symbols of the longest one of the training part.
        max_target: Most symbols of one that are trained on.
    """

    def __init__(
        self,
        column: str,
        alphabet: Alphabet,
        normalize: Normalization,
        likely: str,
        longest: int,
        max_target: int,
    ) -> None:
        self.column, self.alphabet, self.normalize = column, alphabet, normalize
        self.likely, self.longest, self.max_target = likely, longest, max_target

    @classmethod
    def learn(cls, data: Data, train: Examples) -> "Target":
        """Learn the alphabet of the training part.

        Raises:
            DataError: There is no column of sentences, one is missing, or there is no symbol in any of them.
        """
        config, column = data.config, data.train.kept.told
        if column is None:
            texts = [one.name for one in data.train.columns if is_text(one)]
            raise DataError(
                f"{data.train.table.source} without a column of sentences that is called so",
                f"one of {listed(texts, 20)}"
                if texts
                else "a column of sentences, or NAME.txt beside each file",
                "Name the column with label=.",
            )
        every = [one for row in truths_of(train, column, config.normalize) for one in row]
        alphabet = learn_alphabet(
            iter(every),
            config.target_tokens,
            max_size=config.target_vocabulary,
            min_count=config.target_min_count,
        )
        longest = min(max(len(alphabet.ids(one)) for one in every), config.max_target)
        likely = Counter(every).most_common(1)[0][0]
        return cls(column, alphabet, config.normalize, likely, longest, config.max_target)

    def truths(self, examples: Examples) -> list[list[str]]:
        """Of each example all sentences that are right, normalised.

        Raises:
            DataError: One has none; the message says where.
        """
        return truths_of(examples, self.column, self.normalize)

    def encode(self, examples: Examples) -> Sequence[Any]:
        """Of each example the symbols of its sentences, END after each and `BREAK` between them."""
        found = []
        for row in self.truths(examples):
            parts = [
                np.append(np.append(self.alphabet.ids(one).astype(np.int64), END)[: self.max_target], BREAK)
                for one in row
            ]
            found.append(np.concatenate(parts)[:-1])
        return found

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {**vars(self), "alphabet": self.alphabet.to_dict()}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Target":
        """The same again from what `to_dict` gave."""
        return cls(**{**description, "alphabet": revive_alphabet(description["alphabet"])})


def is_text(column: pl.Series) -> bool:
    """Whether a column holds texts, or lists of them."""
    return column.dtype in (pl.String, pl.List(pl.String))


def find_sentences(frame: pl.DataFrame) -> str | None:
    """The column of sentences: the first with a known name, or with such a name and a number."""
    texts = {one.name.lower(): one.name for one in frame if is_text(one)}
    for name in COLUMN_NAMES:
        for known, own in texts.items():
            numbered = _NUMBERED.fullmatch(known)
            if (known if numbered is None else numbered[1]) in (name, f"{name}s"):
                return own
    return None


def others_beside(frame: pl.DataFrame, told: str | None) -> list[str]:
    """The columns of sentences that are called like the one that is told, but for their numbers."""
    numbered = _NUMBERED.fullmatch(told or "")
    if numbered is None:
        return []
    found = ((one.name, _NUMBERED.fullmatch(one.name)) for one in frame if is_text(one) and one.name != told)
    return [name for name, own in found if own is not None and own[1] == numbered[1]]


def gather(examples: Examples, config: Any, told: str | None) -> Examples:
    """Examples of different contents, each with the list of all its sentences in the column that is told."""
    if told is None or told not in examples.columns.columns or not is_text(examples.columns[told]):
        return examples
    columns = [told, *others_beside(examples.columns, told)]
    rows: dict[Any, int] = {}
    found: dict[int, list[str]] = {}
    lists = zip(*(map(_listed, examples.columns[name].to_list()) for name in columns), strict=True)
    for row, (key, own) in enumerate(zip(_keys(examples, config.group), lists, strict=True)):
        first = rows.setdefault(key, row)
        found.setdefault(first, []).extend(text for texts in own for text in texts)
    kept = examples.rows(np.array(list(found), np.int64))
    sentences = pl.Series(told, list(found.values()), pl.List(pl.String))
    kept = replace(kept, columns=kept.columns.drop(columns[1:]).with_columns(sentences))
    if len(kept) == len(examples):
        return kept
    said = f"took {counted(len(examples), 'row')} as {counted(len(kept), 'example')} with several sentences"
    return replace(kept, repairs=(*kept.repairs, said))


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one is not None and one.strip()]


def _keys(examples: Examples, group: str) -> list[Any]:
    """What rows of the same content have in common."""
    if group != "auto" and group in examples.columns.columns:
        return list(examples.columns[group].to_list())
    keys: list[Any] = []
    for row, content in enumerate(examples.contents):
        try:
            hash(content)
            keys.append(("content", content))
        except TypeError:  # numbers, which are not compared
            keys.append(("row", row))
    return keys


def truths_of(examples: Examples, column: str, normalize: Normalization) -> list[list[str]]:
    """Of each example all sentences that are right, normalised; those of no word are left out.

    Raises:
        DataError: One has none, or there is no such column; the message says where.
    """
    if column not in examples.columns.columns or not is_text(examples.columns[column]):
        raise DataError(
            f"{examples.table.source} has no column of sentences {column!r}",
            "texts, or lists of texts",
            "Add it, or name another with label=.",
        )
    found = []
    for place, value in zip(examples.places, examples.columns[column].to_list(), strict=True):
        texts = [normalized(one, normalize) for one in _listed(value)]
        found.append([one for one in texts if one])
        if not found[-1]:
            raise DataError(f"{place} has no {column}", "a sentence at least", "Add it, or leave it out.")
    return found

"""What tasks over streams of symbols share: reading, cutting parts, turning them into numbers."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Int64

from recurra.config import Config, validated
from recurra.data.naming import counted, listed
from recurra.data.table import Table
from recurra.data.token_store import TokenStore
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import combined
from recurra.experiment.corpus_place import CorpusPlace
from recurra.inputs import registry
from recurra.inputs.choice import suited
from recurra.inputs.examples import keep_nothing
from recurra.inputs.symbol import END, RESERVED, UNKNOWN, Alphabet, Documents, Piece, SymbolInput

_MANY = 10  # documents, from which on parts are cut between documents
_BLOCK = 1 << 20  # symbols that are counted at once
_SLACK = 0.1  # of the smallest part, within which a cut waits for the end of a line
PARTS = ("train", "validation", "test")

Counts = Int64[np.ndarray, " documents"]


@dataclass(frozen=True)
class SymbolPart:
    """A stretch of symbols, with the documents that are in it.

    Attributes:
        tokens: The symbols by number; where documents have an end, END stands after each.
        ends: (documents,) where each ends, as a count of symbols.
        sizes: Measure ("character") -> (documents,) how many each has.
        numbers: (documents,) their numbers, by which they are called.
        name: (number) -> what a document is called.
        source: What to call all of them.
        repairs: What was put right in them.
    """

    tokens: TokenStore
    ends: Counts
    sizes: Mapping[str, Counts]
    numbers: Counts
    name: Callable[[int], str]
    source: str
    repairs: Sequence[str] = ()

    @cached_property
    def table(self) -> Table:
        """The names of the documents."""
        names = [self.name(number) for number in self.numbers.tolist()]
        return Table(pl.DataFrame({"document": names}, {"document": pl.String}), "polars", self.source)

    @cached_property
    def names(self) -> list[str]:
        """What documents are called where one is asked for: by row, line or text, or by file."""
        whole = [self.name(number) for number in self.numbers.tolist()]
        short = [one.rpartition(" ")[2] for one in whole]
        return short if all(map(str.isdecimal, short)) and len(set(short)) == len(short) else whole

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def starts(self) -> Counts:
        """Where each document begins."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def order(self, vocabulary: int) -> tuple[int, ...] | None:
        """The symbols from the most frequent to the rarest; None where their numbers are in this order.

        Reserved symbols come first, as they do in every alphabet.

        Args:
            vocabulary: How many there are.
        """
        counts = np.zeros(vocabulary, np.int64)
        for at in range(0, len(self), _BLOCK):
            counts += np.bincount(self.tokens.read(at, at + _BLOCK), minlength=vocabulary)
        own = counts[RESERVED:]
        if (own[1:] <= own[:-1]).all():
            return None
        order = RESERVED + np.argsort(-own, kind="stable")
        return (*range(RESERVED), *order.tolist())

    def unknown(self) -> float:
        """The share of symbols that training did not meet."""
        blocks = range(0, len(self), _BLOCK)
        count = sum(int((self.tokens.read(at, at + _BLOCK) == UNKNOWN).sum()) for at in blocks)
        return count / max(len(self), 1)


@dataclass(frozen=True)
class SymbolData:
    """Documents as they were read, before anything is learnt from them.

    Attributes:
        input: The kind of input.
        config: The settings of task and input.
        given: "train", "validation", "test" -> documents, where they were given.
        place: Where they lie as numbers, if they are large; None: in a temporary place.
    """

    input: SymbolInput
    config: Any
    given: Mapping[str, Documents]
    place: CorpusPlace | None = None


def read_symbols(
    task: type[Config], source: Any, settings: Mapping[str, Any], validation: Any, test: Any
) -> SymbolData:
    """Pick the input, parse the settings once, and read all data with them.

    Raises:
        ConfigError: A setting is wrong, or there is no such input.
        DataError: The data cannot be used as they are.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or texts", "Give the data to learn from.")
    kind = registry.symbols(_input_name(settings.get("input", "auto"), source))
    config = validated(combined(task, registry.config(kind.name)), {**settings, "input": kind.name})
    train = kind.read(source, config)
    config = config.model_copy(update=dict(train.settings))
    others = {"validation": validation, "test": test}
    given = {name: part_of(kind.read(one, config), name) for name, one in others.items() if one is not None}
    return SymbolData(kind, config, {"train": train, **train.parts, **given})


def part_of(documents: Documents, name: str) -> Documents:
    """The documents that a source sets apart as a part of this name; all where it sets none apart."""
    return documents.parts.get(name, documents)


def _drawn(source: Any) -> str | None:
    """The input that takes a source for what a pen drew, if one does."""
    try:
        names = registry.giving("moves")
        return next((one for one in names if registry.get(one).suits(source, keep_nothing)), None)
    except DataError:
        return None


def _input_name(name: str, source: Any) -> str:
    names = registry.giving("symbols")
    if name == "auto":
        try:
            return suited(source, names, keep_nothing, registry.symbols).name
        except DataError as error:
            if (drawn := _drawn(source)) is None:
                raise
            raise DataError(
                f"{drawn}, which are no stream of symbols",
                f"data of {listed(names)}",
                "Learn to go on with them by recurra train draw.",
            ) from error
    if name not in names:
        raise ConfigError(
            f"input is {name!r}, which gives no stream of symbols",
            f"auto or one of {listed(names)}",
            "Change input.",
        )
    return name


@dataclass(frozen=True)
class Cut:
    """Where the documents to train on end, and what of them is validated and tested on.

    Attributes:
        data: What was read.
        bounds: How many characters (or what the first measure counts) are before each part: of training,
            validation and test; the last is the whole.
        documents: How many documents there are to train on, before they are cut.
    """

    data: SymbolData
    bounds: tuple[int, ...]
    names: tuple[str, ...]
    documents: int

    def size(self, name: str) -> int | None:
        """How many characters (or what the first measure counts) a part has; None: it was given."""
        sizes = dict(zip(self.names, np.diff(self.bounds, prepend=0).tolist(), strict=True))
        return sizes.get(name)

    def pieces(self, name: str) -> Iterator[Piece]:
        """The pieces of a part."""
        given = self.data.given
        if name in given and name != "train":
            yield from given[name].pieces()
        elif name in self.names:
            yield from (piece for own, piece in self._divided() if own == name)

    def _divided(self) -> Iterator[tuple[str, Piece]]:
        """Every piece of the documents to train on, with the part that it belongs to."""
        documents, halve = self.data.given["train"], self.data.input.halve
        measure = next(iter(documents.measures.values()))
        slack = round(_SLACK * min(np.diff(self.bounds, prepend=0)))
        part, passed = 0, 0
        for content, ends, number in documents.pieces():
            rest, is_cut = content, False
            while part < len(self.bounds) - 1 and passed + measure(rest) > self.bounds[part]:
                before, rest = halve(rest, max(self.bounds[part] - passed, 0), slack)
                passed += measure(before)
                if measure(before):
                    yield self.names[part], Piece(before, ends and not measure(rest), number)
                part, is_cut = part + 1, True
            passed += measure(rest)
            if measure(rest) or not is_cut:
                yield self.names[part], Piece(rest, ends, number)


def cut(data: SymbolData) -> Cut:
    """Cut off, from the end of the documents to train on, those parts that were not given.

    Of many documents the cuts lie between two of them, else where a line or a word ends.
    """
    documents, config = data.given["train"], data.config
    measure = next(iter(documents.measures.values()))
    shares = {"validation": config.validation_size, "test": config.test_size}
    wanted = {name: share for name, share in shares.items() if name not in data.given and share}
    sizes, ends = 0, array("q")
    for content, at_end, _ in documents.pieces():
        sizes += measure(content)
        if at_end:
            ends.append(sizes)
    bounds = [round(sizes * (1 - sum(list(wanted.values())[place:]))) for place in range(len(wanted))]
    if len(ends) >= _MANY:
        bounds = [int(ends[int(np.abs(np.array(ends) - bound).argmin())]) for bound in bounds]
    return Cut(data, (*bounds, sizes), ("train", *wanted), len(ends))


@dataclass(frozen=True)
class SymbolSchema:
    """What was learnt without gradients.

    Attributes:
        input: The kind of input.
        alphabet: The symbols.
        has_ends: Whether the end of a document is told, too: where there was more than one to train on.
        order: The symbols from the most frequent to the rarest, where the net was made with that.
    """

    input: str
    alphabet: Alphabet
    has_ends: bool = False
    order: tuple[int, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """See `recurra.experiment.task.Schema`."""
        return {
            "input": self.input,
            "alphabet": self.alphabet.to_dict(),
            "has_ends": self.has_ends,
            "order": self.order,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "SymbolSchema":
        """The schema that `to_dict` described."""
        alphabet = registry.symbols(document["input"]).revive(document["alphabet"])
        order = document.get("order")
        return cls(document["input"], alphabet, bool(document["has_ends"]), order and tuple(order))

    def encode(self, pieces: Iterator[Piece], documents: Documents, file: Path | None = None) -> SymbolPart:
        """Pieces as numbers.

        Args:
            pieces: The pieces.
            documents: What they are of.
            file: Where the numbers are to lie; None: in memory, or a temporary place.

        Raises:
            StorageError: There is no room for them.
        """
        tally = _Tally(documents)

        def blocks() -> Iterator[np.ndarray]:
            for content, at_end, number in pieces:
                block = self.alphabet.ids(content)
                tally.read(content, len(block), number)
                if at_end:
                    marks = self.has_ends and tally.holds_symbols
                    tally.close(marks=marks)
                    block = np.append(block, END) if marks else block
                yield block

        tokens = TokenStore.of(blocks(), len(self.alphabet), file=file)
        tally.close(marks=False)
        ends, numbers, *sizes = (
            np.array(own, np.int64) for own in (tally.ends, tally.numbers, *tally.sizes.values())
        )
        sized = dict(zip(tally.sizes, sizes, strict=True))
        return SymbolPart(tokens, ends, sized, numbers, documents.name, documents.source, documents.repairs())


class _Tally:
    """Where documents end, and how large each is; those without a symbol are passed over.

    Attributes:
        ends: Where each ends, as a count of symbols.
        sizes: By measure, how much each holds.
        numbers: The numbers of the documents.
    """

    def __init__(self, documents: Documents) -> None:
        self._measures = documents.measures
        self.ends, self.numbers = array("q"), array("q")
        self.sizes = {name: array("q") for name in self._measures}
        self._so_far = dict.fromkeys(self._measures, 0)
        self._length, self._begin, self._number = 0, 0, 0

    @property
    def holds_symbols(self) -> bool:
        """Whether the document that is being read has any so far."""
        return self._length > self._begin

    def read(self, content: Any, symbols: int, number: int) -> None:
        """Take note of a piece."""
        for name, measure in self._measures.items():
            self._so_far[name] += measure(content)
        self._length, self._number = self._length + symbols, number

    def close(self, *, marks: bool) -> None:
        """End a document, with a symbol of its own or without."""
        if self.holds_symbols:
            self._length += marks
            self.ends.append(self._length)
            self.numbers.append(self._number)
            for name, size in self._so_far.items():
                self.sizes[name].append(size)
        self._so_far = dict.fromkeys(self._measures, 0)
        self._begin = self._length


def outline(parts: Mapping[str, SymbolPart], unit: str) -> str:
    """How many symbols each part has."""
    uses = {"train": "train on", "validation": "choose the epoch", "test": "score"}
    total = counted(sum(map(len, parts.values())), unit)
    return f"{total}: " + ", ".join(f"{len(part):,} to {uses[name]}" for name, part in parts.items())

"""Contents as a stream of symbols from a finite alphabet, and back: text, notes.

Tasks that tell the next symbol, or make sequences of them, need no more of an input. No torch is needed.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int32, Integer

from recurra.data.cutting import Cutting
from recurra.inputs.examples import Keep
from recurra.report.record import Piece as Shown
from recurra.report.section import Section

PADDING, UNKNOWN, END = 0, 1, 2
RESERVED = 3
"""The numbers of padding, of an unknown symbol, of the end of a document; real symbols follow."""

Ids = Int32[np.ndarray, " symbols"]
Numbers = Sequence[int] | Integer[np.ndarray, " symbols"]


class Writer(ABC):
    """Symbols back to what people read, one after another."""

    @abstractmethod
    def put(self, number: int) -> str:
        """What a symbol adds; "" while it is the beginning of something longer."""

    def finish(self) -> str:
        """What was held back."""
        return ""


class Alphabet(ABC):
    """The symbols by number, as they were learnt from the training part.

    Attributes:
        unit: What a symbol is: "character", "word", "subword", "sign".
        separator: What stands between two symbols where each is shown by itself.
        remedy: What to do about a symbol that is not known.
        usual_order: Symbols of the n-grams that go well with it.
        metrics: Names of the scores that it is judged by, the one that counts first: "perplexity" of a
            symbol, and bits or nats per measure of its documents ("bits_per_character").
    """

    unit: str
    separator = ""
    remedy = "Write it otherwise."
    usual_order = 4
    metrics: tuple[str, ...] = ("bits_per_character", "bits_per_byte", "perplexity")

    @abstractmethod
    def ids(self, content: Any) -> Ids:
        """The numbers of a content's symbols; UNKNOWN of those that training did not meet.

        Raises:
            DataError: It is no such content.
        """

    @abstractmethod
    def texts(self, content: Any) -> list[str]:
        """The text of each symbol of a content, also of those that training did not meet."""

    @abstractmethod
    def __len__(self) -> int:
        """How many numbers there are, the reserved ones among them."""

    @abstractmethod
    def writer(self, own: Sequence[str] = ()) -> Writer:
        """A new writer; numbers past the last one stand for symbols of `own` texts."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """All that was learnt, as JSON has it."""

    def cutting(self) -> Cutting | None:
        """How a text becomes numbers, where that can be told; by default it cannot."""
        return None

    def following(self, before: Sequence[int]) -> Sequence[int] | None:
        """The symbols that may come after some, where not every one may: a grammar; None where all may.

        Args:
            before: The symbols so far, by number, what stands before the first of all among them.
        """
        del before
        return None

    def content(self, numbers: Numbers, own: Sequence[str] = ()) -> str:
        """What people read for some symbols, without their reserved ones; `own` as of `writer`."""
        writer = self.writer(own)
        written = [writer.put(int(number)) for number in numbers if number >= RESERVED]
        return "".join([*written, writer.finish()])

    def symbols(self, numbers: Numbers, own: Sequence[str] = ()) -> list[str]:
        """What people read for each symbol by itself; `own` as of `writer`."""
        return [self.content([int(number)], own) for number in numbers]


class Piece(NamedTuple):
    """Some of a document.

    Attributes:
        content: What is in it.
        ends: Whether the document ends with it.
        document: The number of the document.
    """

    content: Any
    ends: bool
    document: int = 0


@dataclass(frozen=True)
class Documents:
    """What an input reads: documents that are gone through piece by piece, as often as needed.

    Attributes:
        pieces: Goes through all documents; no piece is larger than some megabytes.
        name: (number of a document) -> what it is called; it can be sent to another process.
        source: What to call them all.
        measures: What the size of a piece is counted in, such as "character", beside its symbols: name ->
            (content) -> how many.
        repairs: What was put right, a sentence each; known when they have been gone through.
        files: Those that they are read from, all of them; none where they are not read from files alone.
        settings: Settings of the input that were "auto", as they were found to be.
        parts: "validation" and "test" documents that the same source sets apart by itself, if it does.
    """

    pieces: Callable[[], Iterator[Piece]]
    name: Callable[[int], str]
    source: str
    measures: Mapping[str, Callable[[Any], int]]
    repairs: Callable[[], tuple[str, ...]] = tuple
    files: tuple[Path, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    parts: "Mapping[str, Documents]" = field(default_factory=dict)


class Varied(NamedTuple):
    """Documents to train on, some of them more than once in other forms.

    Attributes:
        pieces: What is learnt from.
        note: What was done, a sentence; "" for nothing.
        copies: How often a document comes at most.
    """

    pieces: Iterator[Piece]
    note: str = ""
    copies: int = 1


@dataclass(frozen=True)
class SymbolInput:
    """A kind of input that is a stream of symbols.

    Attributes:
        name: As in `input=corpus`.
        suits: Whether a source looks like this kind.
        read: (source, settings) -> its documents.
        learn: (contents of the training part, settings) -> the alphabet.
        revive: The alphabet again from what `Alphabet.to_dict` gave.
        halve: (content, at, slack) -> the content in two, the first of `at` measured units and at most so
            many more: where a part of the data ends and another begins.
        vary: (pieces of the training part, settings) -> what is trained on in their place; None: they are.
        exhibit: (alphabet, symbols, title, note, which of them are copied) -> pictures and players of them in
            a report; None: they are shown as their text.
        compare: (alphabet, what they are -> symbols) -> what is counted of them, in a section of a report;
            None: nothing is.
    """

    name: str
    suits: Callable[[Any, Keep], bool]
    read: Callable[[Any, Any], Documents]
    learn: Callable[[Iterator[Any], Any], Alphabet]
    revive: Callable[[Mapping[str, Any]], Alphabet]
    halve: Callable[[Any, int, int], tuple[Any, Any]]
    vary: Callable[[Iterator[Piece], Any], Varied] | None = None
    exhibit: Callable[..., Sequence[Shown]] | None = None
    compare: Callable[[Any, Mapping[str, Numbers]], Section] | None = None

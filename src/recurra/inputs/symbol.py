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

from recurra.inputs.examples import Keep

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
        unit: What a symbol is: "character", "word", "subword", "note".
    """

    unit: str

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
    """

    pieces: Callable[[], Iterator[Piece]]
    name: Callable[[int], str]
    source: str
    measures: Mapping[str, Callable[[Any], int]]
    repairs: Callable[[], tuple[str, ...]] = tuple
    files: tuple[Path, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


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
    """

    name: str
    suits: Callable[[Any, Keep], bool]
    read: Callable[[Any, Any], Documents]
    learn: Callable[[Iterator[Any], Any], Alphabet]
    revive: Callable[[Mapping[str, Any]], Alphabet]
    halve: Callable[[Any, int, int], tuple[Any, Any]]

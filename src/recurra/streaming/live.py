"""The live protocol: rows in, answers out, for whatever task a program is of; no torch, no I/O."""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from recurra.errors import ArtifactError, ConfigError, DataError
from recurra.streaming.layer import Array
from recurra.streaming.session import Session

ONLY = ""  # the id of the sequence where rows name none
LARGEST = float(np.finfo(np.float32).max)
PROGRAM = "stream"  # the folder of the program within a run folder


class Prediction(NamedTuple):
    """What is said of a row.

    Attributes:
        kept: What is repeated of the row: which series, when.
        values: Name -> numbers or texts (steps,), a number, a word, or a list of these.
        notes: What people should know beside it, in sentences.
    """

    kept: Mapping[str, Any]
    values: Mapping[str, Any]
    notes: Sequence[str] = ()


class Memory(NamedTuple):
    """What is remembered of a sequence.

    Attributes:
        content: The session, as bytes.
        last: A number beside it, if one is needed.
        marks: Whole numbers beside it, such as where in time it is.
        beside: What else is remembered, as bytes, if anything is.
    """

    content: bytes
    last: float | None = None
    marks: tuple[int, ...] = ()
    beside: bytes = b""


States = Mapping[str, Memory]


class Step(NamedTuple):
    """A step that a session is to take, so that many of them can be taken together.

    Attributes:
        session: Whose.
        input: As of `Session.step`.
    """

    session: Session
    input: Any


Result = TypeVar("Result")
Stepping: TypeAlias = Generator[Step, Array, Result]
"""Yields steps, gets the output of each, (output_size,), and ends in a result."""


def at_once(stepping: Stepping[Result]) -> Result:
    """Take each step alone, as soon as it is asked for."""
    try:
        step = next(stepping)
        while True:
            step = stepping.send(step.session.step(step.input))
    except StopIteration as end:
        result: Result = end.value
        return result


class Live(ABC):
    """Answers after every row; what it remembers can be kept as bytes.

    Attributes:
        digest: Of what it runs; a state belongs to one.
        bare: Whether the names of the values say nothing.
        takes_level: Whether intervals can be asked for, as `level` of the constructor.
        about: What people should know before the first row, in sentences.
    """

    digest: str
    bare: bool = False
    takes_level: bool = False
    about: Sequence[str] = ()

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have; a plain list of values is taken in this order."""

    def read_times(self, time_format: str) -> None:
        """Take times as written in one way and no other.

        Args:
            time_format: A pattern of `strftime`, "integer", or "epoch_s" (ms, us, ns).

        Raises:
            ConfigError: Rows have no times, or none that could be written so.
        """
        raise ConfigError(
            f"time_format is {time_format!r} where rows have no times", "a forecaster", "Leave it out."
        )

    def split(self, row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Mapping[str, Any] | Sequence[Any]]:
        """What `predict` takes of a row: the row, or one for each series where it holds several.

        Raises:
            DataError: It holds too few values or too many.
        """
        return [row]

    def check_columns(self, names: Sequence[str]) -> None:
        """Make sure that rows with such columns can be used.

        Raises:
            DataError: They lack one.
        """
        for row in self.split(dict.fromkeys(names)):
            missing = next((name for name in self.columns if name not in row), None)
            if missing is not None:
                raise DataError(
                    f"a header of {', '.join(map(repr, names))}",
                    f"the columns {', '.join(map(repr, self.columns))}",
                    f"Add {missing!r}, or correct the header.",
                )

    @abstractmethod
    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """Take a row, and leave it to the caller how the steps are taken that it needs.

        Raises:
            DataError: It is none that the program takes; what is remembered stays as it was.
        """

    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """Take a row.

        Raises:
            DataError: It is none that the program takes; what is remembered stays as it was.
        """
        return at_once(self.answering(row))

    def fresh(self) -> "Live":
        """The same with nothing remembered; both share the weights."""
        twin = copy.copy(self)
        twin.restore({})
        return twin

    @property
    @abstractmethod
    def names(self) -> Collection[str]:
        """The sequences that are remembered."""

    @abstractmethod
    def snapshot(self) -> States:
        """What is remembered of each sequence."""

    @abstractmethod
    def restore(self, states: States) -> None:
        """Go on from a snapshot.

        Raises:
            ArtifactError: It is damaged, or of another program.
        """


def is_name(given: object) -> bool:
    """Whether something is a text that is not empty."""
    return isinstance(given, str) and given != ""


def is_names(given: object) -> bool:
    """Whether something is a list of texts, none of them empty or there twice."""
    return isinstance(given, list) and all(map(is_name, given)) and len(set(given)) == len(given)


def number(column: str, given: object) -> float:
    """The number that a cell of a row holds; NaN where it holds none.

    Raises:
        DataError: It holds something else, or a number that 32 bits cannot hold.
    """
    if given is None or given == "":
        return math.nan
    value = math.inf
    if not isinstance(given, bool) and isinstance(given, str | float | int | np.number):
        try:
            value = float(given)
        except (ValueError, OverflowError):
            value = math.inf
    if abs(value) > LARGEST:
        raise DataError(
            f"{column!r} holds {given!r}", "a finite number of 32 bits", "Correct it, or leave it empty."
        )
    return value


def values_of(row: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    """A row that is a plain list, by the names of its values.

    Raises:
        DataError: There are too few or too many.
    """
    if len(row) != len(names):
        raise DataError(
            f"{len(row)} values", f"{len(names)}: {', '.join(names)}", "Give one for each, in this order."
        )
    return dict(zip(names, row, strict=True))


def wrong_state() -> ArtifactError:
    """The error for a state that is of a program of another kind."""
    return ArtifactError(
        "a state of another kind of program", "one of this program", "Begin anew, without the file."
    )

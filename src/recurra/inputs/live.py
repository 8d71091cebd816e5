"""Rows of a live stream as the steps that a stream program takes; nothing here needs torch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from recurra.inputs.symbol import Alphabet


class LiveInput(ABC):
    """What stands before a stream program: it knows what `Encoding.to_dict` wrote, and no more.

    Attributes:
        columns: What a row must hold.
        keeps: Whether its steps depend on earlier rows, of which `follow` keeps something.
    """

    columns: tuple[str, ...] = ()
    keeps: bool = False

    @classmethod
    @abstractmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveInput":
        """Make it from what `Encoding.to_dict` gave.

        Raises:
            ConfigError: The encoding needs more than a step at a time.
        """

    @abstractmethod
    def steps(self, row: Mapping[str, Any]) -> Sequence[int] | Sequence[Float32[np.ndarray, " features"]]:
        """The steps of a row: ids, or arrays (features,) of float32. There is at least one.

        Raises:
            DataError: A column is missing, or holds what cannot be read.
        """

    def follow(
        self, row: Mapping[str, Any], before: bytes
    ) -> tuple[Sequence[int] | Sequence[Float32[np.ndarray, " features"]], bytes]:
        """The steps of a row that comes after others of its sequence, and what to keep for the next one.

        By default rows stand alone, and nothing is kept.

        Args:
            row: The row.
            before: What this gave to keep after the row before; empty: the sequence begins.

        Raises:
            ArtifactError: What was kept is damaged.
            DataError: As `steps`.
        """
        del before
        return self.steps(row), b""


class LiveSymbols(LiveInput):
    """A live input whose steps are symbols.

    Attributes:
        alphabet: The symbols.
    """

    alphabet: Alphabet

    @abstractmethod
    def steps(self, row: Mapping[str, Any]) -> Sequence[int]:
        """The symbols of a row, by number; see `LiveInput.steps`."""


@runtime_checkable
class Heard(Protocol):
    """Sound that comes piece by piece, as steps: those of the whole, whatever the pieces."""

    def push(self, samples: Float32[np.ndarray, " samples"]) -> Float32[np.ndarray, "time features"]:
        """The steps that are complete with these samples; maybe none."""

    def end(self) -> Float32[np.ndarray, "time features"]:
        """Those that are left at the end."""


@runtime_checkable
class HearsSound(Protocol):
    """A live input of sound.

    Attributes:
        rate: Samples a second that the net hears.
        span_steps: Steps of the quiet in which training recordings lay; None: they were heard as they are.
        background: Labels of what is no event: silence, noise, what is no word.
    """

    @property
    def rate(self) -> int:
        """Samples a second that the net hears."""

    @property
    def span_steps(self) -> int | None:
        """Steps of the quiet in which training recordings lay, if they did."""

    @property
    def background(self) -> Sequence[str]:
        """Labels of what is no event."""

    def quiet(self, rate: int) -> Float32[np.ndarray, " samples"]:
        """Samples that nobody hears, as many as recordings lay in; none where they lay in none."""

    def hear(self, rate: int) -> Heard:
        """Sound of so many samples a second."""

"""Rows of a live stream as the steps that a stream program takes; nothing here needs torch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from recurra.config import Config
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

    def with_weights(self, arrays: Mapping[str, np.ndarray]) -> "LiveInput":
        """The same with what `Encoder.stream_arrays` gave, where it needs some.

        Raises:
            DamagedError: They lack a part.
        """
        del arrays
        return self

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

    def ahead(self, kept: bytes) -> Sequence[Float32[np.ndarray, " features"]]:
        """The steps that would follow if the sequence ended now, after what `follow` gave to keep; none.

        Where a step depends on rows that are yet to come, `follow` gives it with these.

        Raises:
            ArtifactError: What was kept is damaged.
        """
        del kept
        return ()


class Guide(NamedTuple):
    """What may be made while it is made.

    Attributes:
        allowed: (symbols so far, what stands before the first among them) -> those that may come next; None
            for all, none where what is made is complete.
        ends: Whether it says by itself where that is.
    """

    allowed: Callable[[Sequence[int]], Sequence[int] | None]
    ends: bool = False


class LiveSymbols(LiveInput):
    """A live input whose steps are symbols.

    Attributes:
        alphabet: The symbols.
        options: Class of what can be asked of symbols that are made, beside how they are drawn.
        prompts: How names of files end that hold a beginning.
        products: How names of files end that what is made can be written to, if not as its text.
    """

    alphabet: Alphabet
    options: type[Config] = Config
    prompts: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @abstractmethod
    def steps(self, row: Mapping[str, Any]) -> Sequence[int]:
        """The symbols of a row, by number; see `LiveInput.steps`."""

    def file_named(self, text: str) -> Path | None:
        """The path that a text is, if it ends as one of `prompts` does; None of any other text."""
        path = Path() if len(text.split("\n")) > 1 else Path(text.strip())
        if path.suffix.lower() not in self.prompts:
            return None
        try:
            return path.expanduser()
        except RuntimeError:  # "~" of nobody who is known
            return path

    def text_of(self, path: Path) -> str:
        """What a file that ends as one of `prompts` holds, as a text of the alphabet.

        Raises:
            DataError: It cannot be read.
        """
        raise NotImplementedError(f"no files are read: {path}")

    def guide(self, asked: Config, prompt: str) -> Guide | None:
        """What may be made; None: everything.

        Args:
            asked: What was asked, with the fields of `options` among others.
            prompt: What comes before, as a text.

        Raises:
            ConfigError: What is asked cannot be done.
        """
        del asked, prompt
        return None

    def check_product(self, suffix: str) -> None:
        """Make sure that there is what files are written with.

        Args:
            suffix: One of `products`.

        Raises:
            MissingDependencyError: A package that is needed is not installed.
        """
        del suffix

    def file_of(self, text: str, suffix: str, asked: Config) -> bytes:
        """A file of what was made, its beginning included.

        Args:
            text: All of it, as a text of the alphabet.
            suffix: One of `products`.
            asked: As of `guide`.

        Raises:
            MissingDependencyError: A package that is needed is not installed.
        """
        raise NotImplementedError(f"no files are written: {suffix} of {len(text)} characters, {asked}")


@runtime_checkable
class Heard(Protocol):
    """Sound that comes piece by piece, as steps: those of the whole, whatever the pieces."""

    def push(self, samples: Float32[np.ndarray, " samples"]) -> Float32[np.ndarray, "time features"]:
        """The steps that are complete with these samples; maybe none."""

    def end(self) -> Float32[np.ndarray, "time features"]:
        """Those that are left at the end."""


@runtime_checkable
class SeesVideo(Protocol):
    """A live input of frames.

    Attributes:
        rate: Frames a second that the net sees.
        frame_size: Their height and width.
        grey: Whether they have one channel in place of three.
    """

    @property
    def rate(self) -> float:
        """Frames a second that the net sees."""

    @property
    def frame_size(self) -> tuple[int, int]:
        """Height and width of a frame."""

    @property
    def grey(self) -> bool:
        """Whether frames have one channel in place of three."""


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

"""The contract of an input: what a task needs to know of the kind of its data, which is all it knows."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped
from torch import Tensor, nn

from recurra.data.cutting import Cutting
from recurra.inputs.examples import Examples, Keep
from recurra.inputs.gaze import Gaze, over_steps
from recurra.report.record import Piece


class Feature(NamedTuple):
    """What some of the numbers of a step are, as the encoder hands them on.

    Attributes:
        name: What people call it.
        size: How many numbers it takes; they lie beside each other.
        mean: Of the first of them: the value at which that is 0; NaN where it is no number.
        deviation: The change of the value in which that grows by 1.
    """

    name: str
    size: int = 1
    mean: float = 0.0
    deviation: float = 1.0


class Encoding(ABC):
    """How contents become arrays: all that was learnt from the training part without gradients.

    Attributes:
        one_step: Whether a content is a single step, so that there is no time to recur over.
        on_demand: Whether contents are encoded when they are needed, as they would not all lie in memory.
        mixing: Share of the training examples that are mixed with others of the same truth; see `mix`.
        step_seconds: From one step to the next; None where steps have no duration.
    """

    one_step: bool = False
    on_demand: bool = False
    mixing: float = 0.0

    @property
    def step_seconds(self) -> float | None:
        """None; an input whose steps have a duration says it."""
        return None

    @abstractmethod
    def encode(self, content: Any) -> Shaped[np.ndarray, "time ..."]:
        """A content as an array (time, ...), of which there is at least one step: what `Encoder` reads."""

    def keep(self, content: Any) -> Shaped[np.ndarray, "_kept ..."]:
        """What stays in memory of a content with `on_demand`, such as bytes; by default what is encoded."""
        return self.encode(content)

    def unfold(self, kept: Shaped[np.ndarray, "_kept ..."]) -> Shaped[np.ndarray, "time ..."]:
        """What `encode` gives, of what `keep` gave."""
        return kept

    def features(self) -> Sequence[Feature]:
        """What the numbers of a step are, as far as they have names: none do by default."""
        return ()

    def cutting(self) -> Cutting | None:
        """How a text becomes ids, where a step is an id and that can be told; by default it is none."""
        return None

    def pieces(self, content: Any) -> Sequence[str]:
        """What each step of `encode` stands for in a text; by default contents are no texts."""
        del content
        return ()

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything that `Input.revive` needs, as JSON has it."""

    def length(self, content: Any) -> int:
        """Steps of a content once it is encoded; with `on_demand` that is known without encoding it."""
        return len(self.encode(content))

    def vary(self, content: Any, random: np.random.Generator) -> Any:
        """A variation of a training example before it is encoded; by default the example itself."""
        del random
        return content

    def mix(self, content: Any, other: Any, random: np.random.Generator) -> Any:
        """A training example made of two that are varied and have the same truth; by default the first."""
        del other, random
        return content

    def augment(
        self, encoded: Shaped[np.ndarray, "time ..."], random: np.random.Generator
    ) -> Shaped[np.ndarray, "_varied ..."]:
        """A variation of a training example that is encoded; by default the example itself."""
        del random
        return encoded


@runtime_checkable
class Moving(Protocol):
    """An encoding of contents that are the way of a pen, so that a net can go on with it.

    Attributes:
        unit: How long a move of 1 is, in the numbers of the contents.
    """

    @property
    def unit(self) -> float:
        """How long a move of 1 is."""

    def moves(self, content: Any) -> Shaped[np.ndarray, "time 3"]:
        """From point to point: (dx, dy, 0 where the pen goes on, 1 where it is lifted then, 2 at the end)."""


class Encoder(nn.Module, ABC):
    """What stands before the recurrence: encoded steps to features.

    Attributes:
        output_size: Features of a step.
    """

    output_size: int

    @abstractmethod
    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map a padded batch of encoded steps (batch, time, ...) to (batch, time, output_size).

        What is past a row's length changes nothing before it. No lengths: all steps are valid.
        """

    def stream_modules(self) -> Sequence[nn.Module]:
        """What a live step runs through, for `recurra.export`.

        Raises:
            ConfigError: It needs more than a step at a time.
        """
        raise NotImplementedError

    def stream_arrays(self) -> Mapping[str, np.ndarray]:
        """The weights of what stands before these modules on a stream, for `LiveInput.with_weights`; none."""
        return {}


class Summary(ABC):
    """Contents as numbers that know no order, for baselines, with what was learnt from the training part."""

    @classmethod
    @abstractmethod
    def learn(cls, contents: Sequence[Any]) -> "Summary":
        """Learn from the contents of the training part what the numbers need."""

    @classmethod
    @abstractmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Summary":
        """Make it again from what `to_dict` gave."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """All that was learnt, as JSON has it."""

    @abstractmethod
    def numbers(self, contents: Sequence[Any]) -> Any:
        """Numbers of each content, (rows, features), dense or sparse."""


def as_it_is(examples: Examples, config: Any) -> Examples:
    """Examples to which nothing is added."""
    del config
    return examples


@runtime_checkable
class Exhibit(Protocol):
    """Makes pieces of a report that show or play a content."""

    def __call__(
        self, content: Any, encoding: Any, title: str, marks: Sequence[tuple[str, float]] = ()
    ) -> Sequence[Piece]:
        """The pieces, under a title; marks are texts with the seconds at which they stand in it."""


def no_exhibit(
    content: Any, encoding: Any, title: str, marks: Sequence[tuple[str, float]] = ()
) -> Sequence[Piece]:
    """What `Input.show` says is all there is to see."""
    del content, encoding, title, marks
    return ()


def as_read(content: Any, config: Any) -> Any:
    """A content whose entries are its steps."""
    del config
    return content


@dataclass(frozen=True)
class Input:
    """A kind of input; `recurra.inputs.registry` knows its settings and its form on a stream.

    Attributes:
        name: As in `input=text`.
        suits: Whether a source (path, "sample:NAME", frame) looks like this kind, from a glance at it, beside
            the columns that the task keeps.
        read: Reads a source with the settings. What the task keeps stays in `Examples.columns`, unread.
        learn: Learns an encoding from the contents of the training part.
        revive: Makes the encoding again from what `Encoding.to_dict` gave.
        encoder: Makes what stands before the recurrence, with fresh weights.
        summary: Sums up contents for baselines that know no order.
        summary_label: What a linear model of these numbers is called: "Bag of words".
        show: A content as people read it, in one line: for examples in a report.
        exhibit: See `Exhibit`.
        gaze: See `recurra.inputs.gaze.Gaze`.
        enrich: (examples, settings) -> the same and others that are made for training.
        steps: (content, settings) -> the same content with an entry for each step that the net reads, which
            may be none, for tasks that tell something of each.
    """

    name: str
    suits: Callable[[Any, Keep], bool]
    read: Callable[[Any, Any, Keep], Examples]
    learn: Callable[[Sequence[Any], Any], Encoding]
    revive: Callable[[Mapping[str, Any]], Encoding]
    encoder: Callable[[Any, Any], Encoder]
    summary: type[Summary]
    summary_label: str
    show: Callable[[Any], str]
    exhibit: Exhibit = no_exhibit
    gaze: Gaze = over_steps
    enrich: Callable[[Examples, Any], Examples] = as_it_is
    steps: Callable[[Any, Any], Sequence[Any]] = as_read

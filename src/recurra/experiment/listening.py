"""Live sound: from samples, as they come, to what a stream program says of each step. No torch."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float32

from recurra.config import Config
from recurra.errors import ConfigError
from recurra.experiment.live import damaged_program
from recurra.inputs import registry
from recurra.inputs.live import Heard, HearsSound, LiveInput
from recurra.streaming import Program

Samples = Float32[np.ndarray, " samples"]
Outputs = Float32[np.ndarray, " outputs"]
Event = Mapping[str, Any]


class Told(NamedTuple):
    """What was said, and when.

    Attributes:
        fed: Seconds of sound that had come by then.
        event: It.
    """

    fed: float
    event: Event


class Listener(ABC):
    """What a task says of sound that comes in pieces, of whatever size: the same for all sizes.

    `Entry.listener` of a task names a class that is made with (program, options, weights, rate).

    Attributes:
        options: Class of its settings.
        rate: Samples a second of what comes.
    """

    options: ClassVar[type[Config]]
    rate: int

    @abstractmethod
    def __init__(self, program: Program, options: Any, weights: str, rate: int | None) -> None: ...

    @abstractmethod
    def push(self, samples: Samples) -> Iterator[Event]:
        """What is to be said with these samples, each as soon as it is known."""

    @abstractmethod
    def end(self) -> Iterator[Event]:
        """What is left to be said, as no more samples come."""

    @staticmethod
    def latencies(told: Sequence[Told]) -> list[float]:
        """Seconds from the end of each word of a recording until it stood for good: it is told once."""
        return [fed - event["end"] for fed, event in told]


class Ear:
    """Runs a program over sound as it comes.

    Args:
        program: What a task's `program` made, of an input that hears.
        weights: "float32", "bfloat16" or "int8".
        rate: Samples a second of what comes; None: those that the net was trained with.
        kept: How many steps are remembered, for `begin_anew`.

    Attributes:
        rate: Samples a second of what comes.
        steps: How many steps there were.

    Raises:
        DamagedError: The program says nothing of its input.
        ConfigError: The input does not hear.
    """

    def __init__(
        self, program: Program, weights: str = "float32", rate: int | None = None, kept: int = 0
    ) -> None:
        heard = hearing_of(program)
        self.rate = heard.rate if rate is None else rate
        self._sound: Heard = heard.hear(self.rate)
        self._blank = program.session(weights)
        self._session = self._blank.fork()
        self._kept: deque[np.ndarray] = deque(maxlen=kept)
        self.steps = 0

    def push(self, samples: Samples) -> Iterator[Outputs]:
        """The outputs of each step that is complete with these samples, one after another."""
        yield from self._outputs(self._sound.push(samples))

    def end(self) -> Iterator[Outputs]:
        """Those of the steps that are left at the end."""
        yield from self._outputs(self._sound.end())

    def _outputs(self, steps: np.ndarray) -> Iterator[Outputs]:
        for step in steps:
            self._kept.append(step)
            self.steps += 1
            yield self._session.step(step)

    def begin_anew(self) -> None:
        """Forget all but the steps that are kept: as if sound had begun with them."""
        self._session = self._blank.fork()
        for step in self._kept:
            self._session.step(step)


def step_seconds_of(program: Program) -> float:
    """From one step of a program's sound to the next.

    Raises:
        DamagedError: It does not say so.
    """
    seconds = program.metadata.get("step_seconds")
    if not isinstance(seconds, int | float) or not 0 < seconds < 3600:
        raise damaged_program(f"says step_seconds={seconds!r}")
    return float(seconds)


def usual_rate(program: Program) -> int:
    """Samples a second of the sound that a program was trained with. Errors as of `Ear`."""
    return hearing_of(program).rate


def hearing_of(program: Program) -> HearsSound:
    """What a program hears by. Errors as of `Ear`."""
    live = _live_input(program)
    if live is None:
        raise damaged_program("says nothing of its input")
    if not isinstance(live, HearsSound):
        name = program.metadata["input"]
        raise ConfigError(
            f"--audio for a run whose input is {name}", "one of recordings", "Leave --audio out."
        )
    return live


def hears(program: Program) -> bool:
    """Whether a program's input is sound."""
    return isinstance(_live_input(program), HearsSound)


def _live_input(program: Program) -> LiveInput | None:
    """What turns rows or sound into a program's steps; None where it says nothing of that."""
    name, encoding = program.metadata.get("input"), program.metadata.get("encoding")
    if not isinstance(name, str) or not isinstance(encoding, Mapping):
        return None
    return registry.live(name).from_dict(encoding)

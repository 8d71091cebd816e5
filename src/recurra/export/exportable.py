"""A trained net as exports need it: what it computes, and what people must know to call it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.export.handling import Handling
from recurra.streaming import Program, Scaling

T = TypeVar("T")
Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
_BATCH, _TIME = 2, 5


@dataclass(frozen=True)
class Exportable:
    """A net.

    Attributes:
        program: What a step does; or what stands against it.
        whole: Maps sequences (batch, time, features), or ids (batch, time), and lengths (batch,) to results;
            or what stands against it.
        features: How many numbers a step takes; None where it takes an id.
        vocabulary: How many ids there are, where it does.
        reads: What a step takes, in a sentence.
        gives: What a step gives, in a sentence.
        tells: What is told of whole sequences, in a sentence.
        outputs: Names of the outputs, as far as they have some.
        scaling: To the units of the net, where numbers go in as they are.
        handling: How it is tried by hand.
        steps: From a part of the data, as the task has it, to steps of sequences; None where it has no such.
        sample: Sequences of data, each as `random_values` has them, to measure on; none: random ones.
        about: What else belongs to the net, as JSON has it: labels, vocabulary, scaling, columns.
    """

    program: Program | ConfigError
    whole: nn.Module | ConfigError
    features: int | None
    vocabulary: int | None
    reads: str
    gives: str
    tells: str
    outputs: tuple[str, ...] = ()
    scaling: Scaling | None = None
    handling: Handling = field(default_factory=Handling)
    steps: Callable[[Any], Iterable[Array]] | None = None
    sample: Sequence[Array] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    def measured(self, steps: int) -> tuple[list[Array], str]:
        """Sequences of so many steps in all, if there are as many, to measure on; and what they are."""
        if not self.sample:
            return [
                self.random_values(time=steps, batch=1)[0].numpy()
            ], f"{steps:,} random steps, which are no data"
        kept, left = [], steps
        for one in self.sample:
            if left:
                kept.append(one[:left])
                left -= len(kept[-1])
        return kept, f"{steps - left:,} steps of the run's held-out data"

    def random_values(self, time: int = _TIME, batch: int = _BATCH) -> Tensor:
        """Sequences that mean nothing, always the same: normal numbers in the units of the data, or ids."""
        draw = np.random.default_rng(0)
        if self.features is None:
            ids = draw.integers(0, self.vocabulary or 1, (batch, time))
            return torch.from_numpy(ids)
        values = draw.normal(size=(batch, time, self.features))
        if self.scaling is not None:
            values = values * self.scaling.scale + self.scaling.mean
        return torch.from_numpy(values.astype(np.float32))


def attempted(make: Callable[[], T]) -> T | ConfigError:
    """What a function makes, or what stands against it."""
    try:
        return make()
    except ConfigError as error:
        return error


def needed(found: T | ConfigError) -> T:
    """What was made.

    Raises:
        ConfigError: It was not.
    """
    if isinstance(found, ConfigError):
        raise found
    return found

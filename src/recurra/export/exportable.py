"""A trained net as exports need it: what it computes, and what people must know to call it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.export.handling import Handling
from recurra.streaming import Program, Scaling

T = TypeVar("T")
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
    about: Mapping[str, Any] = field(default_factory=dict)

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

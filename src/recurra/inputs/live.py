"""Rows of a live stream as the steps that a stream program takes; nothing here needs torch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurra.inputs.symbol import Alphabet


class LiveInput(ABC):
    """What stands before a stream program: it knows what `Encoding.to_dict` wrote, and no more.

    Attributes:
        columns: What a row must hold.
    """

    columns: tuple[str, ...] = ()

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


class LiveSymbols(LiveInput):
    """A live input whose steps are symbols.

    Attributes:
        alphabet: The symbols.
    """

    alphabet: Alphabet

    @abstractmethod
    def steps(self, row: Mapping[str, Any]) -> Sequence[int]:
        """The symbols of a row, by number; see `LiveInput.steps`."""

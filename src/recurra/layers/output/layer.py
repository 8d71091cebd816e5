"""The contract of an output layer: what comes next, of many symbols."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from recurra.errors import ConfigError

Features = Float[Tensor, "steps features"]
Targets = Int[Tensor, " steps"]
Table = Float[Tensor, "vocabulary embedding"]

SPREAD = 0.1


class StreamForm(NamedTuple):
    """An output layer without torch.

    Attributes:
        modules: What the engine runs.
        readout: What is done with its outputs, as `recurra.decoding.readout` reads it: a kind and its
            settings; nothing where they are logits.
        arrays: The numbers that this takes.
    """

    modules: Sequence[nn.Module]
    readout: Mapping[str, Any]
    arrays: Mapping[str, Float32[np.ndarray, "..."]]


class OutputLayer(nn.Module, ABC):
    """Tells from features which symbol comes next: by an exact distribution, and by a loss to train it.

    Where both ends of a net have the same weights, a method is given them: `table` is the embedding of all
    symbols, (vocabulary, embedding), else None. Neither loss keeps a number for every step and symbol.
    """

    @abstractmethod
    def loss(
        self, features: Features, targets: Targets, table: Table | None = None, smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        """What training minimises: the summed cross-entropy of all steps, or what stands for it, in nats.

        Args:
            features: (steps, features) what the layer reads.
            targets: (steps,) the right symbols; -100 counts for nothing.
            table: The embedding, of tied nets.
            smoothing: Share of the truth that is spread over all symbols, of kinds that can (`OutputKind`).
        """

    @abstractmethod
    def losses(
        self, features: Features, targets: Targets, table: Table | None = None
    ) -> Float[Tensor, " steps"]:
        """The exact cross-entropy of every step by itself, without a gradient; 0 where a target is -100."""

    @abstractmethod
    def logits(
        self, features: Float[Tensor, "... features"], table: Table | None = None
    ) -> Float[Tensor, "... vocabulary"]:
        """Numbers whose softmax is the distribution."""

    @abstractmethod
    def stream_form(self, table: Table | None = None) -> StreamForm:
        """The same without torch, for one step at a time."""


def numbers(tensor: Tensor) -> Float32[np.ndarray, "..."]:
    """A tensor as NumPy has it, in 32 bits."""
    found: np.ndarray[Any, Any] = tensor.detach().float().cpu().contiguous().numpy()
    return found


def no_table() -> ConfigError:
    """The error of a tied layer without the weights that it has in common."""
    return ConfigError("a tied output layer and no table", "the embedding of its net", "Give it as table.")

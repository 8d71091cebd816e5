"""What the ladder needs to be given: batches, and a loss."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class Batch(Protocol):
    """Several rows that are trained on together."""

    def __len__(self) -> int:
        """Number of rows."""

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""

    def shard(self, rank: int, world_size: int) -> "Batch":
        """The rows `rank`, `rank + world_size`, ...; there may be none."""

    def chunks(self, steps: int) -> Iterator["Batch"]:
        """The batch cut along time into pieces of `steps` steps; only asked for when `tbptt_steps` is set."""


@runtime_checkable
class BatchSource(Protocol):
    """All batches of an epoch, by number.

    Pure: the same `(epoch, index)` always gives the same batch, whatever was asked before. A resumed run can
    therefore go on in the middle of an epoch and see what the uninterrupted run would have seen.
    """

    def __len__(self) -> int:
        """Batches an epoch."""

    def batch(self, epoch: int, index: int) -> Batch:
        """Batch `index` of epoch `epoch`, both counted from 0."""


@runtime_checkable
class ContinuingSource(BatchSource, Protocol):
    """Batches whose rows may go on where those of the batch before ended: streams over a long text."""

    def continues(self, epoch: int, index: int) -> bool:
        """Whether the rows of batch `index`, not 0, begin with the state of those before them."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What an objective gives back for one chunk.

    Attributes:
        total: The loss summed over the valid steps, a scalar.
        count: How many valid steps that were (or their summed weight).
        state: What the next chunk of the same rows starts from: tensors, or tuples, lists and dicts of them.
    """

    total: Tensor
    count: Tensor | float
    state: Any = None


@runtime_checkable
class Objective(Protocol):
    """Runs the model over one chunk and compares the result with the truth."""

    def __call__(self, model: Any, batch: Any, state: Any) -> Loss:
        """The loss of a chunk; `state` is what the chunk before gave back, None at the first."""


@runtime_checkable
class PacedObjective(Objective, Protocol):
    """An objective that changes over training: scheduled sampling, an annealed penalty."""

    def paced(self, progress: float) -> Objective:
        """The objective at a point of training, from 0 at its beginning to 1 at its end.

        It depends on nothing else, so that a resumed run goes on as one that was never stopped.
        """


Validate = Callable[[nn.Module], Mapping[str, float]]

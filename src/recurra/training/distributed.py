"""Several processes that train one model on shares of every batch."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from recurra.training.contract import Batch


class Group:
    """The processes of a run, as one of them sees them. This one is alone."""

    rank = 0
    world_size = 1

    def share(self, batch: Batch) -> Batch:
        """This process's rows of a batch."""
        return batch if self.world_size == 1 else batch.shard(self.rank, self.world_size)

    def reduce(self, parameters: Sequence[nn.Parameter], totals: Tensor) -> Tensor:  # noqa: ARG002 (alone)
        """Add up gradients (in place) and totals over all processes."""
        return totals

    def gather(self, value: Any) -> list[Any] | None:
        """Everyone's value, in the order of rank, at the first process; None at the others."""
        return [value]

    def broadcast(self, value: Any) -> Any:
        """The first process's value, at all of them."""
        return value

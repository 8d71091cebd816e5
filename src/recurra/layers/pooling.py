"""What of all steps stands for a sequence: the last state, the mean, the largest, or a learnt weighting."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.types import valid_steps

POOLINGS = ("last", "mean", "max", "attention")

Steps = Float[Tensor, "batch time features"]
Lengths = Int[Tensor, " batch"]


class Pooling(nn.Module):
    """One vector for a sequence of outputs; what lies past a row's length plays no part.

    Args:
        name: "last": the last valid step's, where a second direction reads from the end its first step's.
            "mean" and "max": over the valid steps. "attention": the mean, weighted by how a learnt query
            meets each step.
        size: Number of features.
        bidirectional: Whether the second half of the features is of a direction that reads from the end.

    Raises:
        ConfigError: There is no such pooling, or an odd number of features cannot be of two directions.

    Source: Yang and others, "Hierarchical attention networks for document classification" (2016), for
    attention.

    >>> import torch
    >>> from recurra.layers.pooling import Pooling
    >>> Pooling("mean", 5)(torch.ones(2, 7, 5), torch.tensor([7, 3])).shape
    torch.Size([2, 5])
    """

    def __init__(self, name: str, size: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        if name not in POOLINGS:
            raise ConfigError(f"pooling is {name!r}", f"one of {', '.join(POOLINGS)}", "Choose one of these.")
        if bidirectional and size % 2:
            raise ConfigError(
                f"bidirectional=True with {size} features",
                "an even number, one half for each direction",
                "Pool what Bidirectional gives with merge='concat', or set bidirectional=False.",
            )
        self.name, self.size, self.bidirectional = name, size, bidirectional
        attends = name == "attention"
        self.score = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 1)) if attends else None

    def forward(self, steps: Steps, lengths: Lengths) -> Float[Tensor, "batch features"]:
        """Pool (batch, time, features) to (batch, features); zeros for a row of length 0."""
        valid = valid_steps(lengths, steps.shape[1]).unsqueeze(-1)
        steps = steps.masked_fill(~valid, 0)
        if self.score is not None:
            return (self.weights(steps, lengths).unsqueeze(-1) * steps).sum(dim=1)
        if self.name == "mean":
            return steps.sum(dim=1) / lengths.clamp(min=1).unsqueeze(-1)
        if self.name == "max":
            largest = steps.masked_fill(~valid, -torch.inf).amax(dim=1)
            return largest.masked_fill((lengths == 0).unsqueeze(-1), 0)
        return self._last(steps, lengths)

    def weights(self, steps: Steps, lengths: Lengths) -> Float[Tensor, "batch time"]:
        """How much each step counts in attention; they sum to 1, to 0 in a row of length 0.

        Raises:
            ConfigError: The pooling is another.
        """
        if self.score is None:
            raise ConfigError(f"weights of pooling {self.name!r}", "attention", "Set pooling=attention.")
        valid = valid_steps(lengths, steps.shape[1])
        clean = steps.masked_fill(~valid.unsqueeze(-1), 0)  # NaN in padding would reach the weights' gradient
        scores = self.score(clean).squeeze(-1).masked_fill(~valid, torch.finfo(steps.dtype).min)
        found: Tensor = scores.softmax(dim=1) * valid
        return found

    def _last(self, steps: Steps, lengths: Lengths) -> Float[Tensor, "batch features"]:
        last = steps[torch.arange(steps.shape[0], device=steps.device), (lengths - 1).clamp(min=0)]
        if not self.bidirectional:
            return last
        half = steps.shape[-1] // 2
        return torch.cat([last[:, :half], steps[:, 0, half:]], dim=-1)

    def extra_repr(self) -> str:
        """The kind, for `print`."""
        return repr(self.name)

"""How nets that write texts are trained: the loss of every symbol, each after those that stand before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Int64
from torch import Tensor, nn

from recurra.data.labelled import Labelled
from recurra.inputs.symbol import END
from recurra.layers.attention import coverage_loss, doubly_stochastic_loss
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.training.contract import Loss

BREAK = -1
"""What stands between the texts of one row."""
_NOTHING = -100

SCHEDULES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "linear": lambda progress: progress,
        "inverse_sigmoid": lambda progress: 1 / (1 + 100 ** (1 - 2 * progress)),
    }
)
"""How much is drawn as training goes on, from 0 to 1 (Bengio and others 2015): evenly, or half of it halfway,
1 % at the beginning and all but 1 % at the end."""


class Texts(NamedTuple):
    """Texts to write, a row for each.

    Attributes:
        symbols: (texts, steps) their symbols, -100 past the end.
        rows: (texts,) which row of what is read each is of; None where each row has one.
    """

    symbols: Int64[Tensor, "texts steps"]
    rows: Int64[Tensor, " texts"] | None


@dataclass(frozen=True)
class WritingObjective:
    """The summed loss of every symbol to write, each after those that should stand before it.

    Attributes:
        smoothing: Share of the truth that is spread over all symbols.
        coverage: How much it costs to look where it has looked before.
        evenness: How much it costs to look at some places more than at others, over a whole text.
        several: Whether a row may have several texts, with `BREAK` between them.
        sampling: Share of steps at the end of training that read what the net itself has drawn.
        own_share: That share now.
        schedule: How it gets there: "linear" in how far training is, or "inverse_sigmoid".
    """

    smoothing: float = 0.0
    coverage: float = 0.0
    evenness: float = 0.0
    several: bool = False
    sampling: float = 0.0
    own_share: float = 0.0
    schedule: str = "linear"

    def paced(self, progress: float) -> "WritingObjective":
        """See `recurra.training.contract.PacedObjective`."""
        if not self.sampling:
            return self
        return replace(self, own_share=self.sampling * SCHEDULES[self.schedule](progress))

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        net = cast("AttentiveEncoderDecoder", model)
        symbols, rows = texts_apart(batch.target) if self.several else Texts(batch.target, None)
        counts = symbols >= 0
        before = torch.full_like(symbols[:, :1], END)
        ids = torch.cat([before, symbols[:, :-1]], dim=1).clamp(min=0)
        given = net(batch.sequences, ids, self.own_share, rows)
        total = net.loss(given, symbols, batch.sequences, self.smoothing)
        if self.coverage:
            total = total + self.coverage * coverage_loss(given.weights, counts)
        if self.evenness:
            total = total + self.evenness * doubly_stochastic_loss(given.weights, counts)
        return Loss(total, counts.sum())


def texts_apart(targets: Int64[Tensor, "batch steps"]) -> Texts:
    """The texts of each row of a batch, in their order, a row for each."""
    ends = targets == BREAK
    number = ends.cumsum(dim=1) - ends.long()  # of the text that a symbol is in, or that ends there
    first = torch.zeros_like(targets)
    first[:, 1:] = ends[:, :-1].long() * torch.arange(1, targets.shape[1], device=targets.device)
    place = torch.arange(targets.shape[1], device=targets.device) - first.cummax(dim=1).values
    inside = targets >= 0
    each = number.masked_fill(~inside, -1).amax(dim=1) + 1  # of each row how many
    offsets = each.cumsum(dim=0) - each
    row = (offsets.unsqueeze(1) + number)[inside]
    steps = int(place[inside].max()) + 1 if bool(inside.any()) else 1
    symbols = targets.new_full((int(each.sum()), steps), _NOTHING)
    symbols[row, place[inside]] = targets[inside]
    rows = torch.repeat_interleave(torch.arange(len(targets), device=targets.device), each)
    return Texts(symbols, rows)


def validation_loss(net: nn.Module, prepared: Any, *, several: bool = False) -> dict[str, float]:
    """The loss of the validation part, without smoothing."""
    device = next(net.parameters()).device
    objective = WritingObjective(several=several)
    total, count = 0.0, 0.0
    for batch in prepared.batches(prepared.validation):
        loss = objective(net, cast("Labelled", batch.to(device)))
        total, count = total + float(loss.total), count + float(loss.count)
    return {"valid_loss": total / max(count, 1)}

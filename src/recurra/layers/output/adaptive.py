"""A softmax over frequent symbols and clusters of rare ones."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.layers.linear_cross_entropy import IGNORED, linear_cross_entropy, token_losses
from recurra.layers.output.full import narrowing
from recurra.layers.output.layer import (
    SPREAD,
    Features,
    OutputLayer,
    StreamForm,
    Table,
    Targets,
    no_table,
    numbers,
)

_NARROWER = 4  # times the features, with each cluster


class AdaptiveOutput(OutputLayer):
    """p(y) = p(y) of a head if y is frequent, else p(its cluster) of the head times p(y | cluster).

    The head is a softmax over the frequent symbols and the clusters; that of a cluster runs only where the
    right symbol is in it, and on fewer features: a quarter of them in the first, a sixteenth in the second.
    The distribution is exact, of a form of its own. Beside the paper, every symbol has a bias.

    Args:
        input_size: Features.
        vocabulary: Symbols.
        cutoffs: Where head and clusters end, counted from the most frequent symbol; the last cluster ends
            with the symbols.
        tied_size: Numbers of an embedding whose rows are the weights; clusters are then as wide as these.
            None: the layer has its own.
        order: The symbols from the most frequent to the rarest; None: they are in this order.

    Raises:
        ConfigError: Cutoffs do not increase, or lie outside of the symbols.

    Source: Grave and others, "Efficient softmax approximation for GPUs" (2017).

    >>> import torch
    >>> from recurra.layers.output import AdaptiveOutput
    >>> output = AdaptiveOutput(8, 11, cutoffs=[3, 7])
    >>> round(output.logits(torch.randn(8)).exp().sum().item(), 3)
    1.0
    """

    def __init__(
        self,
        input_size: int,
        vocabulary: int,
        *,
        cutoffs: Sequence[int],
        tied_size: int | None = None,
        order: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        bounds = [0, *cutoffs, vocabulary]
        if not cutoffs or any(low >= high for low, high in pairwise(bounds)):
            raise ConfigError(
                f"output_cutoffs={','.join(map(str, cutoffs))} of {vocabulary:,} symbols",
                f"numbers from 1 to {vocabulary - 1} that increase",
                "Change output_cutoffs, or leave them out.",
            )
        self.bounds = tuple(bounds)
        self.sizes = [high - low for low, high in pairwise(bounds)]
        self.projection = narrowing(input_size, tied_size)
        width, tails = tied_size or input_size, range(1, len(self.sizes))
        widths = [width, *(width if tied_size else max(width // _NARROWER**tail, 1) for tail in tails)]
        self.narrow = nn.ModuleList(
            nn.Identity() if tied_size else nn.Linear(width, widths[tail], bias=False) for tail in tails
        )
        own = (
            []
            if tied_size
            else [torch.empty(size, own) for size, own in zip(self.sizes, widths, strict=True)]
        )
        self.weights = nn.ParameterList(nn.init.uniform_(one, -SPREAD, SPREAD) for one in own)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.cluster_weight = nn.Parameter(torch.empty(len(tails), width).uniform_(-SPREAD, SPREAD))
        self.cluster_bias = nn.Parameter(torch.zeros(len(tails)))
        by_rank = None if order is None else torch.as_tensor(order)
        self.order: Tensor | None
        self.ranks: Tensor | None
        self.register_buffer("order", by_rank, persistent=False)
        self.register_buffer("ranks", None if by_rank is None else by_rank.argsort(), persistent=False)

    def loss(
        self, features: Features, targets: Targets, table: Table | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """See `OutputLayer.loss`; it spreads nothing."""
        del smoothing
        (head, *tails), features = self._parts(table), self.projection(features)
        ranks = self._ranked(targets)
        total = linear_cross_entropy(features, *head, self._in_head(ranks))
        for tail, rows, own in self._in_tails(ranks):
            total = total + linear_cross_entropy(self.narrow[tail](features[rows]), *tails[tail], own)
        return total

    @torch.no_grad()
    def losses(self, features: Features, targets: Targets, table: Table | None = None) -> Tensor:
        """See `OutputLayer.losses`."""
        (head, *tails), features = self._parts(table), self.projection(features)
        ranks = self._ranked(targets)
        found = token_losses(features, *head, self._in_head(ranks))
        for tail, rows, own in self._in_tails(ranks):
            found[rows] += token_losses(self.narrow[tail](features[rows]), *tails[tail], own)
        return found

    def logits(self, features: Tensor, table: Table | None = None) -> Tensor:
        """See `OutputLayer.logits`: logarithms of probabilities."""
        (head, *tails), features = self._parts(table), self.projection(features)
        first = F.linear(features, *head).log_softmax(dim=-1)
        frequent, clusters = first.tensor_split([self.sizes[0]], dim=-1)
        rare = (
            clusters[..., tail, None] + F.linear(self.narrow[tail](features), *own).log_softmax(dim=-1)
            for tail, own in enumerate(tails)
        )
        found = torch.cat([frequent, *rare], dim=-1)
        return found if self.ranks is None else found.index_select(-1, self.ranks)

    def stream_form(self, table: Table | None = None) -> StreamForm:
        """The engine gives the features; the rest is a product for the head and one or two for a cluster."""
        (head, *tails) = self._parts(table)
        arrays = {"head.weight": head[0], "head.bias": head[1]}
        for tail, (weight, bias) in enumerate(tails):
            arrays |= {f"{tail}.weight": weight, f"{tail}.bias": bias}
            arrays |= {f"{tail}.narrow": one for one in self.narrow[tail].parameters()}
        if self.ranks is not None:
            arrays["ranks"] = self.ranks
        readout = {"kind": "adaptive", "clusters": len(tails)}
        return StreamForm([self.projection], readout, {name: numbers(one) for name, one in arrays.items()})

    def _parts(self, table: Table | None) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of the head, clusters included, and of each cluster."""
        weights: Sequence[Tensor] = list(self.weights)
        if not weights:
            if table is None:
                raise no_table()
            rows = table if self.order is None else table.index_select(0, self.order)
            weights = torch.split_with_sizes(rows, self.sizes)
        bias, *rest = torch.split_with_sizes(self.bias, self.sizes)
        head = torch.cat([weights[0], self.cluster_weight]), torch.cat([bias, self.cluster_bias])
        return [head, *zip(weights[1:], rest, strict=True)]

    def _ranked(self, targets: Targets) -> Tensor:
        """Targets by how frequent they are."""
        if self.ranks is None:
            return targets
        return self.ranks[targets.clamp(min=0)].where(targets != IGNORED, IGNORED)

    def _in_head(self, ranks: Targets) -> Tensor:
        """What the head has to tell: a symbol, or the cluster that it is in."""
        found = ranks
        for tail, low in enumerate(self.bounds[1:-1]):
            found = found.masked_fill(ranks >= low, self.sizes[0] + tail)
        return found

    def _in_tails(self, ranks: Targets) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Each cluster that has to tell something: its number, the steps, and the symbols within it."""
        for tail, (low, high) in enumerate(pairwise(self.bounds[1:])):
            rows = ((ranks >= low) & (ranks < high)).nonzero()[:, 0]
            if len(rows):
                yield tail, rows, ranks[rows] - low

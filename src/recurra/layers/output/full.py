"""A softmax over all symbols."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recurra.layers.linear_cross_entropy import linear_cross_entropy, token_losses
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

_ON_ENGINE = 1 << 16  # symbols that a layer of a stream program can have


class FullOutput(OutputLayer):
    """p = softmax(W x + b), where W is the embedding of tied nets (Inan and others 2017; Press & Wolf 2017).

    Args:
        input_size: Features.
        vocabulary: Symbols.
        tied_size: Numbers of an embedding that is W; a linear layer stands before it where there are more or
            fewer features. None: W is the layer's own.

    >>> import torch
    >>> from recurra.layers.output import FullOutput
    >>> output = FullOutput(5, 11)
    >>> output.logits(torch.randn(3, 5)).shape
    torch.Size([3, 11])
    """

    def __init__(self, input_size: int, vocabulary: int, tied_size: int | None = None) -> None:
        super().__init__()
        self.projection = narrowing(input_size, tied_size)
        self.weight = None if tied_size is not None else nn.Parameter(torch.empty(vocabulary, input_size))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        if self.weight is not None:
            nn.init.uniform_(self.weight, -SPREAD, SPREAD)

    def loss(
        self, features: Features, targets: Targets, table: Table | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """See `OutputLayer.loss`."""
        narrow, weight = self.projection(features), self.rows(table)
        return linear_cross_entropy(narrow, weight, self.bias, targets, label_smoothing=smoothing)

    @torch.no_grad()
    def losses(self, features: Features, targets: Targets, table: Table | None = None) -> Tensor:
        """See `OutputLayer.losses`."""
        return token_losses(self.projection(features), self.rows(table), self.bias, targets)

    def logits(self, features: Tensor, table: Table | None = None) -> Tensor:
        """See `OutputLayer.logits`."""
        return F.linear(self.projection(features), self.rows(table), self.bias)

    def stream_form(self, table: Table | None = None) -> StreamForm:
        """All of it on the engine, but for more symbols than that takes."""
        weight = self.rows(table)
        if len(weight) > _ON_ENGINE:
            arrays = {"weight": numbers(weight), "bias": numbers(self.bias)}
            return StreamForm([self.projection], {"kind": "full"}, arrays)
        output = nn.Linear(weight.shape[1], len(weight), device="meta")
        output.weight, output.bias = nn.Parameter(weight), self.bias
        return StreamForm([self.projection, output], {}, {})

    def rows(self, table: Table | None) -> Tensor:
        """The weights, one row a symbol."""
        found = table if self.weight is None else self.weight
        if found is None:
            raise no_table()
        return found


def narrowing(input_size: int, tied_size: int | None) -> nn.Module:
    """What stands between features and the rows of an embedding; nothing where these are as wide."""
    return nn.Identity() if tied_size in (None, input_size) else nn.Linear(input_size, tied_size or 0)

"""Dropout with one mask for all time steps."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from recurra.errors import ConfigError, ShapeError


class VariationalDropout(nn.Module):
    """Drop the same features at all time steps of a row (Gal & Ghahramani 2016).

    Put it before a layer for its inputs and after it for its outputs; for the recurrent path there is
    `Recurrent(recurrent_dropout=...)`.

    Args:
        p: The share of features that are dropped in training; the others grow by 1 / (1 - p).

    >>> import torch
    >>> from recurra.layers import VariationalDropout
    >>> dropped = VariationalDropout(0.5)(torch.ones(2, 7, 3))
    >>> bool((dropped == dropped[:, :1]).all())
    True
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        check_probability("p", p)
        self.p = p

    def forward(self, input: Annotated[Tensor, "batch time features"]) -> Tensor:
        """Drop features of (batch, time, features).

        Raises:
            ShapeError: The input has another number of axes.
        """
        if input.dim() != 3:
            raise ShapeError(
                f"input of shape {tuple(input.shape)}", "(batch, time, features)", "Add the missing axis."
            )
        if not self.training or self.p == 0:
            return input
        return input * F.dropout(input.new_ones(len(input), 1, input.shape[-1]), self.p)

    def extra_repr(self) -> str:
        """The probability, for `print`."""
        return f"p={self.p}"


def check_probability(name: str, value: float) -> None:
    """Check a dropout probability.

    Raises:
        ConfigError: It is not between 0 and 1.
    """
    if not 0 <= value <= 1:
        raise ConfigError(
            f"{name} is {value}", "between 0 and 1", "Give the share that is dropped, such as 0.2."
        )

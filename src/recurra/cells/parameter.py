"""Parameters of cells before they are filled."""

from numbers import Integral
from typing import Any

import torch
from torch import nn

from recurra.errors import ConfigError


def empty_parameter(
    *shape: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None
) -> nn.Parameter:
    """A parameter whose numbers an initialisation fills."""
    return nn.Parameter(torch.empty(*shape, device=device, dtype=dtype))


def bias_shown(bias: nn.Parameter | None) -> str:
    """What a cell's `extra_repr` says of its biases: nothing when it has them."""
    return ", bias=False" if bias is None else ""


def check_sizes(**sizes: Any) -> None:
    """Check sizes, given by name.

    Raises:
        ConfigError: One is no positive whole number.
    """
    for name, size in sizes.items():
        if not isinstance(size, Integral) or size < 1:
            raise ConfigError(
                f"{name} is {size!r}", "a whole number of at least 1", f"Give a positive {name}."
            )


def check_projection(proj_size: int, hidden_size: int) -> None:
    """Check the size of a projection of the hidden state; 0 is none.

    Raises:
        ConfigError: It is negative, or does not make the hidden state smaller.
    """
    if not 0 <= proj_size < hidden_size:
        raise ConfigError(
            f"proj_size is {proj_size}", f"0 to {hidden_size - 1}", "Project to fewer units than there are."
        )

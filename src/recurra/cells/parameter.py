"""Parameters of cells before they are filled."""

import torch
from torch import nn

from recurra.errors import ConfigError


def empty_parameter(
    *shape: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None
) -> nn.Parameter:
    """A parameter whose numbers an initialisation fills."""
    return nn.Parameter(torch.empty(*shape, device=device, dtype=dtype))


def check_sizes(**sizes: int) -> None:
    """Check sizes, given by name.

    Raises:
        ConfigError: One is not positive.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"{name} is {size}", "at least 1", f"Give a positive {name}.")

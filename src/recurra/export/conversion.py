"""What turns a module into layers of a stream program is handed, and what it answers when it cannot."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.streaming import Layer

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
Convert: TypeAlias = Callable[[nn.Module, str], list[Layer]]
"""From a module and its dotted name to the layers that do the same for one step."""

Converter: TypeAlias = Callable[[Any, str, Convert], list[Layer]]
"""The same for one kind of module; what it is made of goes through the third argument."""


@runtime_checkable
class HasStreamModules(Protocol):
    """A module that says what a step runs through, where its `forward` alone would not tell."""

    def stream_modules(self) -> Sequence[nn.Module]:
        """Modules of its own: each takes what the one before gives, at every step and at no other."""


def array(tensor: Tensor) -> Array:
    """A tensor of any type and place as float32."""
    return tensor.detach().to("cpu", torch.float32).contiguous().numpy()


def optional(tensor: Tensor | None) -> Array | None:
    """The same of one that may be missing."""
    return None if tensor is None else array(tensor)


def below(place: str, name: str) -> str:
    """The dotted name of a part of a module."""
    return f"{place}.{name}" if place else name


def refusal(module: nn.Module, place: str, reason: str, expected: str, remedy: str) -> ConfigError:
    """The error for a module that cannot run step by step: "encoder.layers.0 (Bidirectional) starts ..."."""
    name = f"{place} ({type(module).__name__})" if place else type(module).__name__
    return ConfigError(f"{name} {reason}", expected, remedy)

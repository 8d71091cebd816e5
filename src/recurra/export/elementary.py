"""torch.nn's layers that look at one step alone."""

from typing import Any

import numpy as np
from torch import nn

from recurra import streaming
from recurra.export.conversion import Convert, array, optional, refusal
from recurra.streaming import Layer

SIMPLE: dict[type[nn.Module], str] = {
    nn.Tanh: "tanh",
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.SiLU: "silu",
}
"""Functions without settings."""


def nothing(_module: nn.Module, _place: str, _convert: Convert) -> list[Layer]:
    """Dropout in evaluation, and the identity."""
    return []


def linear(module: nn.Linear, _place: str, _convert: Convert) -> list[Layer]:
    """The affine map."""
    return [streaming.Affine(array(module.weight), optional(module.bias))]


def embedding(module: nn.Embedding, place: str, _convert: Convert) -> list[Layer]:
    """A row for each id."""
    if module.max_norm is not None:
        raise refusal(
            module,
            place,
            f"changes its weights as it is used (max_norm={module.max_norm:g})",
            "weights that stay",
            "Train without max_norm.",
        )
    return [streaming.Embedding(array(module.weight))]


def layer_norm(module: nn.LayerNorm, place: str, _convert: Convert) -> list[Layer]:
    """Over the features."""
    if len(module.normalized_shape) != 1:
        raise refusal(
            module,
            place,
            f"normalises over {len(module.normalized_shape)} axes",
            "the features alone",
            "Train with LayerNorm(features).",
        )
    size = module.normalized_shape[0]
    weight = optional(module.weight)
    gain = np.ones(size, np.float32) if weight is None else weight
    return [streaming.LayerNorm(gain, optional(module.bias), epsilon=module.eps)]


def simple(module: nn.Module, _place: str, _convert: Convert) -> list[Layer]:
    """A function without settings."""
    return [streaming.Activation(SIMPLE[type(module)])]


def leaky_relu(module: nn.LeakyReLU, _place: str, _convert: Convert) -> list[Layer]:
    """With its slope."""
    return [streaming.Activation("leaky_relu", slope=module.negative_slope)]


def elu(module: nn.ELU, place: str, _convert: Convert) -> list[Layer]:
    """With alpha 1."""
    _check(module, place, alpha=1.0)
    return [streaming.Activation("elu")]


def gelu(module: nn.GELU, place: str, _convert: Convert) -> list[Layer]:
    """The exact one."""
    _check(module, place, approximate="none")
    return [streaming.Activation("gelu")]


def softplus(module: nn.Softplus, place: str, _convert: Convert) -> list[Layer]:
    """With torch's own settings."""
    _check(module, place, beta=1.0, threshold=20.0)
    return [streaming.Activation("softplus")]


def softmax(module: nn.Softmax | nn.LogSoftmax, place: str, _convert: Convert) -> list[Layer]:
    """Over the features, which come last."""
    _check(module, place, dim=-1)
    return [streaming.Softmax(log=isinstance(module, nn.LogSoftmax))]


def _check(module: nn.Module, place: str, **settings: Any) -> None:
    """Make sure that a module has the only settings that programs know.

    Raises:
        ConfigError: It has others.
    """
    for name, expected in settings.items():
        given = getattr(module, name)
        if given != expected:
            raise refusal(
                module,
                place,
                f"has {name}={given!r}",
                f"{name}={expected!r}",
                f"Train with {name}={expected!r}.",
            )

"""A stack that goes on by a step at a time in training, dropping the same all along."""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

from recurra.errors import ConfigError
from recurra.layers.dropout import VariationalDropout
from recurra.layers.recurrent import Recurrent
from recurra.layers.stack import Stack

Advance = Callable[[Tensor, tuple[Any, ...]], tuple[Tensor, tuple[Any, ...]]]
"""(a step's inputs (batch, 1, features), state) -> its outputs (batch, 1, features), the state after it."""


def stepper(stack: Stack, batch_size: int) -> Advance:
    """A sequence of calls of a stack, for nets whose inputs come from their own outputs.

    What one call over all steps would draw once is drawn here once: dropped units of the recurrence, dropped
    weights, and what variational dropout drops between layers. What is drawn at every step (zoneout, dropout
    that is not variational) is drawn at every call. In evaluation nothing is dropped, and it is the stack.

    Args:
        stack: Layers in one direction.
        batch_size: Rows of the sequence.

    Raises:
        ConfigError: A layer reads from the end, too.
    """
    if not stack.training:
        return stack
    for number, layer in enumerate(stack.layers):
        if not isinstance(layer, Recurrent) or layer.reverse:
            raise ConfigError(
                f"layer {number}, a {type(layer).__name__}, step by step",
                "a recurrence that reads from the beginning",
                "Use layers in one direction.",
            )
    layers = [cast("Recurrent[Any]", layer) for layer in stack.layers]
    steps = [layer.stepper(batch_size) for layer in layers]
    masks = [_mask(stack, layer, batch_size) for layer in layers]

    def advance(inputs: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        outputs, after = inputs, []
        for number, (layer, step, mask) in enumerate(zip(layers, steps, masks, strict=True)):
            below = outputs
            dropped = below if number == 0 else stack.dropout(below) if mask is None else below * mask
            outputs, own = step(dropped, state[number])
            if stack.residual and layer.input_size == layer.output_size:
                outputs = outputs + below
            after.append(own)
        return outputs, tuple(after)

    return advance


def _mask(stack: Stack, layer: Recurrent[Any], batch_size: int) -> Tensor | None:
    """What is dropped of a layer's inputs at all steps."""
    if not isinstance(stack.dropout, VariationalDropout):
        return None
    parameter = next(layer.parameters())
    ones = torch.ones(batch_size, 1, layer.input_size, dtype=parameter.dtype, device=parameter.device)
    mask: Tensor = stack.dropout(ones)
    return mask

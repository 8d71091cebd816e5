"""Looking at a model without leaving a trace in it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from recurra.errors import NonFiniteError
from recurra.training.seed import random_state, restore_random_state


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and gradients in the block; afterwards mode and random numbers are as before.

    cuDNN, whose recurrent nets have no backward pass in evaluation mode, is left aside.
    """
    modes = [(module, module.training) for module in model.modules()]
    device = device_of(model)
    states = random_state(device)
    try:
        model.eval()
        with torch.inference_mode(mode=False), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        for module, training in modes:
            module.training = training
        restore_random_state(states, device)


def device_of(model: nn.Module) -> torch.device:
    """Where a model's first parameter is; the CPU if it has none."""
    first: Tensor | None = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


def check_finite(model: nn.Module) -> None:
    """Make sure that all weights are numbers.

    Raises:
        NonFiniteError: One is NaN or infinite.
    """
    for name, parameter in model.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise NonFiniteError(
                f"the weights {name} hold NaN or infinity",
                "finite numbers",
                "Take an earlier checkpoint, or train again with a lower rate or gradient clipping.",
            )

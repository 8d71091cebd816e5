"""16-bit arithmetic where it is safe, by torch's autocast; fp16 losses are scaled to keep gradients."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, optim

SMALLEST_SCALE = 2.0**-24


class Precision:
    """The arithmetic of the forward and backward passes.

    Args:
        name: "32-true", "bf16-mixed" or "16-mixed".
        device: Where the model is.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self._dtype = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}[name]
        self._device = device
        # Losses are summed, not averaged, before the backward pass: the scale may start low.
        self._scaler = (
            torch.amp.GradScaler(device.type, init_scale=2.0**8) if self._dtype == torch.float16 else None
        )

    def autocast(self) -> AbstractContextManager[Any]:
        """Around the forward pass and the loss."""
        if self._dtype is None:
            return nullcontext()
        return torch.autocast(self._device.type, self._dtype)

    def backward(self, total: Tensor) -> None:
        """Accumulate the gradient of a summed loss."""
        scaled = total if self._scaler is None else self._scaler.scale(total)
        scaled.backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: optim.Optimizer, gradients: Sequence[Tensor]) -> None:
        """Take the scale out of the gradients, if there are any."""
        if self._scaler is not None and gradients:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: optim.Optimizer) -> None:
        """Move the weights."""
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()

    def skip(self, gradients: Sequence[Tensor]) -> None:
        """Leave the weights where they are; if the gradients overflowed, the scale goes down."""
        if self._scaler is not None and gradients:
            self._scaler.update()

    @property
    def may_overflow(self) -> bool:
        """Whether infinite gradients only mean that the scale is still too high."""
        return self._scaler is not None and self._scaler.get_scale() > SMALLEST_SCALE

    def document(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {} if self._scaler is None else self._scaler.state_dict()

    def restore(self, document: dict[str, Any]) -> None:
        """Take up what `document` gave."""
        if self._scaler is not None:
            self._scaler.load_state_dict(document)

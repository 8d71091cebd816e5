"""Averages of the weights along the run, which often predict better than the last weights.

An exponential average follows every step (Polyak and Juditsky 1992; the decay warms up, so that the random
initial weights are soon forgotten). Stochastic weight averaging takes the plain mean over the ends of the
last quarter's epochs (Izmailov et al. 2018). Non-monotonically triggered averaging takes the plain mean over
all steps since validation stopped improving (Merity, Keskar and Socher 2018).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from recurra.training.config import TrainingConfig

SWA_START = 0.75


class Averaging:
    """The average of a model's trainable parameters.

    Attributes:
        averages: By parameter name; empty until there is something to average.
        count: How many weights the average holds.
    """

    def __init__(self, model: nn.Module, config: TrainingConfig) -> None:
        self._parameters = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self._kind = config.averaging
        self._decay = config.averaging_decay
        self._wait = config.averaging_wait
        self.averages: dict[str, Tensor] = {}
        self.count = 0

    def after_step(self) -> None:
        """Let an exponential average follow the weights."""
        if self._kind == "ema":
            self._take(1 - min(self._decay, (1 + self.count) / (10 + self.count)))
        elif self._kind == "triggered" and self.count:
            self._take(1 / (1 + self.count))

    def after_epoch(self, progress: float) -> None:
        """Add the weights to the mean, once a share `progress` of the run is done."""
        if self._kind == "swa" and progress > SWA_START:
            self._take(1 / (1 + self.count))

    def after_validation(self, waited: int) -> None:
        """Begin to average where validation has not improved for some epochs."""
        if self._kind == "triggered" and not self.count and waited >= self._wait:
            self._take(1.0)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside the block the model has the averaged weights, when there are any."""
        own = {name: self._parameters[name].detach().clone() for name in self.averages}
        self.apply()
        try:
            yield
        finally:
            self._set(own)

    def apply(self) -> None:
        """Give the model the averaged weights, when there are any."""
        self._set(self.averages)

    def _take(self, share: float) -> None:
        with torch.no_grad():
            if not self.averages:
                self.averages = {name: value.detach().clone() for name, value in self._parameters.items()}
            else:
                averages = [self.averages[name] for name in self._parameters]
                torch._foreach_lerp_(averages, list(self._parameters.values()), share)
        self.count += 1

    def _set(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, value in values.items():
                self._parameters[name].copy_(value)

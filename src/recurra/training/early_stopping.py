"""Which epoch was the best, and whether to go on."""

import math
from collections.abc import Mapping

from recurra.errors import ConfigError
from recurra.training.config import TrainingConfig


class EarlyStopping:
    """Follows one metric over the epochs.

    Attributes:
        best: The best value so far, None before the first finite one.
        best_epoch: The epoch that reached it.
        waited: Epochs since.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.monitor = config.monitor
        self._sign = 1.0 if config.monitor_mode == "min" else -1.0
        self._patience = config.patience
        self._min_delta = config.min_delta
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.waited = 0

    def observe(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Take note of an epoch's metrics, and say whether the monitored one improved.

        A value that is not finite never does.

        Raises:
            ConfigError: The monitored metric is not among them.
        """
        if self.monitor not in metrics:
            raise ConfigError(
                f"monitor is {self.monitor!r}",
                f"one of {', '.join(metrics)}",
                "Set monitor to a metric there is.",
            )
        value = float(metrics[self.monitor])
        improved = math.isfinite(value) and (
            self.best is None or self._sign * (self.best - value) > self._min_delta
        )
        if improved:
            self.best, self.best_epoch, self.waited = value, epoch, 0
        else:
            self.waited += 1
        return improved

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        return self._patience is not None and self.waited >= self._patience

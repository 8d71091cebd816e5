"""The learning rate over the run: a pure function of how much of the run is done.

A schedule knows nothing of steps, so it is the same for any number of batches or chunks an epoch, and there
is nothing to restore on resuming. Only `plateau` remembers something: how often it has decayed.
"""

import math

from recurra.training.config import TrainingConfig

ONE_CYCLE_START = 1 / 25  # torch's defaults for OneCycleLR
ONE_CYCLE_END = 1 / 250_000
ONE_CYCLE_RISE = 0.3


class Schedule:
    """The factor that multiplies the highest learning rate.

    * constant: 1.
    * cosine: half a cosine from 1 to 0 (Loshchilov and Hutter 2017, without restarts).
    * one_cycle: half a cosine up from 1/25, another down to nearly 0 (Smith and Topin 2018; learning rate
    only).
    * step: times `decay_factor` every `decay_epochs` epochs, the first time after `decay_after`.
    * plateau: times `decay_factor` after every `decay_epochs` epochs without improvement.

    Before all but one_cycle a linear warm-up takes the first `warmup` share of the run.

    Attributes:
        decays: How often plateau has decayed.
        waited: Epochs since the last improvement or decay.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._name = config.schedule
        self._max_epochs = config.max_epochs
        self._decay_factor = config.decay_factor
        self._decay_epochs = config.decay_epochs
        self._decay_after = config.decay_epochs if config.decay_after is None else config.decay_after
        usual = ONE_CYCLE_RISE if config.schedule == "one_cycle" else 0.0
        self._warmup = usual if config.warmup is None else config.warmup
        self.decays = 0
        self.waited = 0

    def factor(self, progress: float) -> float:
        """The factor when a share `progress` of the run is done, 0 to 1."""
        if progress < self._warmup:
            risen = progress / self._warmup
            return _half_cosine(ONE_CYCLE_START, 1.0, risen) if self._name == "one_cycle" else risen
        rest = (progress - self._warmup) / (1 - self._warmup)
        match self._name:
            case "cosine":
                return _half_cosine(1.0, 0.0, rest)
            case "one_cycle":
                return _half_cosine(1.0, ONE_CYCLE_END, rest)
            case "step":
                decayed = int(progress * self._max_epochs) - self._decay_after + self._decay_epochs
                return self._decay_factor ** (max(decayed, 0) // self._decay_epochs)
            case "plateau":
                return self._decay_factor**self.decays
            case "constant":
                return 1.0

    def after_epoch(self, *, improved: bool) -> None:
        """Let plateau know whether the monitored metric improved."""
        self.waited = 0 if improved else self.waited + 1
        if self.waited >= self._decay_epochs:
            self.decays += 1
            self.waited = 0


def depends_on_max_epochs(config: TrainingConfig) -> bool:
    """Whether more epochs would have changed the learning rates of the epochs before."""
    return config.schedule in {"cosine", "one_cycle"} or bool(config.warmup) or config.averaging == "swa"


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2

"""How large a learning rate may be: the range test of Smith (2017, "Cyclical learning rates", section 3.3).

The learning rate rises from step to step by a constant factor. The loss first stands still, then falls, then
explodes; a tenth of the rate at which it was lowest trains fast and still leaves room.
"""

import math
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn

from recurra.errors import ConfigError
from recurra.training.config import TrainingConfig
from recurra.training.contract import BatchSource, Objective
from recurra.training.gradient import Gathered, gradients_of, measure, normalise_and_clip
from recurra.training.loop import chunk
from recurra.training.optimizer import set_learning_rate
from recurra.training.progress import Progress
from recurra.training.run import Run
from recurra.training.seed import seed_everything

SMOOTHING = 0.9


@dataclass(frozen=True)
class LearningRates:
    """What a range test found.

    Attributes:
        rates: The learning rates that were tried, rising.
        losses: The mean loss at each, exponentially smoothed.
    """

    rates: list[float]
    losses: list[float]

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the smoothed loss was lowest."""
        return self.rates[self.losses.index(min(self.losses))] / 10


def find_learning_rate(
    model: nn.Module,
    objective: Objective,
    source: BatchSource,
    config: TrainingConfig,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    progress: Progress | None = None,
) -> LearningRates:
    """Try learning rates on a copy of a model; model and random generators are left as they are.

    Args:
        model: Untrained, as a rule.
        objective: As for `fit`.
        source: As for `fit`; its batches are used in order, over again when they are fewer than steps.
        config: As for `fit`; says which optimiser and clipping.
        lowest: Where to begin.
        highest: Where to end, unless the loss is not finite before.
        steps: How many rates to try.
        progress: Shows how far the test has come.

    Raises:
        ConfigError: The range is empty, or the loss is not finite even at the lowest rate.
    """
    if not (0 < lowest < highest and steps > 1):
        raise ConfigError(
            f"lowest is {lowest:g}, highest {highest:g}, steps {steps}",
            "0 < lowest < highest, 2 steps",
            "Widen the range.",
        )
    alone = config.model_copy(update={"devices": 1, "precision": "32-true"})
    run = Run(deepcopy(model), objective, source, alone)
    run.model.train()
    found = LearningRates([], [])
    average = 0.0
    devices = [run.device] if run.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        seed_everything(config.seed)
        for number in (progress or Progress.silent()).track(range(steps), "trying learning rates"):
            rate = lowest * (highest / lowest) ** (number / (steps - 1))
            loss = _loss_before_step(run, number % len(source), rate)
            if not math.isfinite(loss):
                break
            average = SMOOTHING * average + (1 - SMOOTHING) * loss
            found.rates.append(rate)
            found.losses.append(average / (1 - SMOOTHING ** (number + 1)))
    if not found.losses:
        raise ConfigError(
            f"the loss is not finite at learning rate {lowest:g}",
            "a number",
            "Look for NaN or infinity in the data.",
        )
    return found


def _loss_before_step(run: Run, index: int, rate: float) -> float:
    """Make one step at a learning rate; the loss before it, infinite when no step can be made."""
    for part in run.open_batch(index):
        chunk(run, part)
    gradients = gradients_of(run.parameters)
    measured = measure(run.gathered.totals(stop=False), gradients, largest=False)
    if not (measured.finite and measured.count):
        return math.inf
    normalise_and_clip(gradients, measured, run.config.gradient_clip, run.config.gradient_clip_value)
    set_learning_rate(run.optimizer, rate)
    run.optimizer.step()
    run.optimizer.zero_grad()
    run.gathered = Gathered(run.device)
    run.close_batch()
    return measured.total / measured.count

"""A task's net, made and trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from recurra.experiment.config import NetConfig
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.experiment.validation import validation_of
from recurra.training.callback import Callback
from recurra.training.history import History
from recurra.training.loop import fit as train_net
from recurra.training.memory import memory_errors
from recurra.training.progress import Progress


class Trained(NamedTuple):
    """A fitted net and how it came about."""

    fitted: Fitted
    history: History

    @property
    def seconds(self) -> float:
        """How long its epochs took."""
        return float(sum(epoch["seconds"] for epoch in self.history.epochs))


def fresh_net(task: Task, prepared: Prepared) -> nn.Module:
    """A task's net with the weights that training begins with.

    Raises:
        ConfigError: There is no such cell, or the options of the net do not go together.
        OutOfMemoryError: The memory does not suffice for these sizes.
    """
    config: NetConfig = prepared.config
    with torch.random.fork_rng(devices=[]), memory_errors(config):
        torch.manual_seed(config.seed)
        return task.build(config, prepared.schema)


def fit(
    task: Task,
    prepared: Prepared,
    model: nn.Module | None = None,
    *,
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    callbacks: Sequence[Callback] = (),
) -> Trained:
    """Train a task's net on what was prepared.

    Args:
        task: The task.
        prepared: What was prepared.
        model: What `fresh_net` gives; None: it is made here.
        folder: Where history and checkpoints are kept.
        resume: Go on from the newest checkpoint in the folder.
        progress: Shows how far training has come.
        callbacks: Told of every step and epoch.

    Raises:
        ConfigError: A setting does not fit the data or the machine.
        NonFiniteError: Training diverged.
        OutOfMemoryError: The memory does not suffice for these sizes.
    """
    config = prepared.config
    model = fresh_net(task, prepared) if model is None else model
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers go on as if nothing had been
        history = train_net(
            model,
            task.objective(config, prepared.schema),
            prepared.source,
            config,
            validate=validation_of(task, prepared),
            folder=folder,
            resume=resume,
            progress=progress,
            callbacks=callbacks,
        )
    model.cpu().eval()
    if not history.interrupted:
        task.calibrate(model, prepared)
    return Trained(Fitted(config, prepared.schema, model), history)

"""Training once more on everything, after scores were taken with a part held out."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch

from recurra.data.naming import counted
from recurra.errors import ConfigError
from recurra.experiment.config import NetConfig
from recurra.experiment.fit import Trained, fit
from recurra.experiment.task import Fitted, Prepared, Task, Whole
from recurra.training.progress import Progress

FOLDER = "refit"
"""Where its history and checkpoints are, in the folder of the run."""


def check_refit(task: Task, config: NetConfig) -> None:
    """Make sure, before anything trains, that a task can do what the settings ask for.

    Raises:
        ConfigError: It cannot train on everything.
    """
    if config.refit and task.whole is None:
        raise ConfigError(
            f"refit with task {task.name}", "a task that can train on everything", "Leave refit out."
        )


def refit(
    task: Task,
    data: Any,
    prepared: Prepared,
    trained: Trained,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a fresh net on all data for as many epochs as validation chose.

    What validation settled of the trained net (`Task.calibrated`) is taken over, as there is none now.

    Args:
        task: The task; it has `whole`.
        data: What its `read` gave.
        prepared: What `trained` was trained on.
        trained: The net that was scored.
        folder: The folder of the run; a refit that began in it goes on.
        progress: Shows how far it has come.
    """
    epochs = trained.history.best_epoch
    epochs = len(trained.history.epochs) if epochs is None else epochs + 1
    check_refit(task, prepared.config)
    whole = cast("Whole", task.whole)(data, prepared, whole_settings(prepared.config, epochs))
    if progress is not None and (progress.enabled or progress.writes_lines):
        progress.say(f"training once more on all data, for {counted(epochs, 'epoch')} as validation chose")
    own = None if folder is None else folder / FOLDER / f"{epochs}-epochs"
    again = fit(task, whole, folder=own, resume=own is not None, progress=progress)
    if own is not None and not again.history.interrupted:
        for stale in own.parent.iterdir():  # of lengths that a run chose before it went on
            if stale != own:
                shutil.rmtree(stale)
    _take_over(task.calibrated, trained.fitted, again.fitted)
    # The settings stay those that were scored, so that other data are judged as the test part was.
    return again._replace(fitted=replace(again.fitted, config=prepared.config))


def whole_settings(config: Any, epochs: int) -> dict[str, Any]:
    """What of the settings changes: no part is held out, and nothing but the length ends training."""
    board = None if config.tensorboard is None else f"{config.tensorboard}/{FOLDER}"
    return {
        "test_size": 0,
        "validation_size": 0,
        "max_epochs": epochs,
        "patience": None,
        "monitor": "train_loss",
        "monitor_mode": "min",
        "baselines": (),
        "tensorboard": board,
    }


def _take_over(names: Sequence[str], before: Fitted, now: Fitted) -> None:
    """Copy buffers of one net to another."""
    source, target = dict(before.model.named_buffers()), dict(now.model.named_buffers())
    with torch.no_grad():
        for name in names:
            if name in source and name in target:
                target[name].copy_(source[name])

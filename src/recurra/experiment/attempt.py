"""A trial of a search: a net trained with the settings that were chosen, and what it came to."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from recurra.errors import ConfigError, DataError, NonFiniteError, OutOfMemoryError
from recurra.experiment.comparison_plan import prepared_with
from recurra.experiment.fit import fit
from recurra.experiment.study import NOTE, Clock, optuna
from recurra.experiment.task import Task
from recurra.training.progress import Progress


def value_of(
    task: Task,
    data: Any,
    trial: Any,
    chosen: Mapping[str, Any],
    key: str,
    clock: Clock,
    progress: Progress,
) -> float:
    """The value of a trial, at the epoch that training keeps.

    Args:
        task: The task.
        data: What it read.
        trial: Optuna's; is told of every epoch.
        chosen: The settings.
        key: The metric of validation that counts.
        clock: When to end.
        progress: Shows how far it has come.

    Raises:
        KeyboardInterrupt: Ctrl-C stopped it.
        TrialPruned: It fell behind, its settings do not train, or time is up.
    """
    try:
        prepared = prepared_with(task, data, chosen)[1]
        pruning = _Pruning(trial, key, clock)
        trained = fit(task, dataclasses.replace(prepared, test=None), progress=progress, callbacks=[pruning])
    except (ConfigError, DataError, NonFiniteError, OutOfMemoryError) as error:
        trial.set_user_attr(NOTE, f"{type(error).__name__}: {error.got}")
        raise optuna().TrialPruned from error
    history = trained.history
    if history.interrupted:
        raise KeyboardInterrupt
    if pruning.why is not None:
        trial.set_user_attr(NOTE, pruning.why)
        raise optuna().TrialPruned
    kept = history.epochs[-1 if history.best_epoch is None else history.best_epoch]
    value = kept.get(key)
    if value is None:
        trial.set_user_attr(NOTE, f"{key} is no number")
        raise optuna().TrialPruned
    return float(value)


class _Pruning:
    """Tells a trial of every epoch, and ends what falls behind the median of the others."""

    def __init__(self, trial: Any, key: str, clock: Clock) -> None:
        self._trial, self._key, self._clock = trial, key, clock
        self.why: str | None = None

    def on_epoch(self, record: Mapping[str, Any]) -> bool:
        """Whether to end."""
        value = record.get(self._key)
        if value is not None:
            self._trial.report(float(value), int(record["epoch"]))
        if self._clock.is_over:
            self.why = "time was up"
        elif value is not None and self._trial.should_prune():
            self.why = ""
        return self.why is not None

    def on_step(self, record: Mapping[str, Any]) -> None:
        """Let it go on."""

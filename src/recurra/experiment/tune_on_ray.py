"""Trials of a search as tasks of a Ray cluster, a round of them at a time.

Settings are drawn, and outcomes told, by the process that was asked to search; it alone reaches the study. A
round is as many trials as run at once: they are drawn one after another, and told in the same order when all
have ended, so that the search depends on their number, not on who ends first.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from recurra.cluster import connected, spread
from recurra.config import Search
from recurra.errors import RecurraError
from recurra.experiment.attempt import value_of
from recurra.experiment.search_space import suggested
from recurra.experiment.study import NOTE, Clock, new_pruner, optuna, settled, sign, try_again
from recurra.experiment.task import Task
from recurra.training.progress import Progress


class Drawn(NamedTuple):
    """A trial that is to be run.

    Attributes:
        number: Of the trial.
        chosen: Its settings.
        complete: The trials that were complete before it, as Optuna keeps them: what it is pruned by.
        seconds: Time that is left; None: all there is.
    """

    number: int
    chosen: Mapping[str, Any]
    complete: list[Any]
    seconds: float | None


class Ended(NamedTuple):
    """What a trial came to: its value, None where it was pruned, the metric after its epochs, and why."""

    value: float | None
    reported: Mapping[int, float]
    note: str


@dataclass(frozen=True)
class Trying:
    """Runs a trial, wherever it is called."""

    task: Task
    data: Any
    space: Mapping[str, Search]
    key: str
    direction: str
    threads: int

    def __call__(self, drawn: Drawn) -> Ended:
        """What a trial comes to."""
        torch.set_num_threads(self.threads)
        module = optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = module.create_study(direction=self.direction, pruner=new_pruner())
            study.add_trials(drawn.complete)
            study.enqueue_trial(dict(drawn.chosen))
            trial = study.ask()
            chosen = suggested(trial, self.space)
            clock, progress = Clock(drawn.seconds), Progress.silent()
            try:
                value = value_of(self.task, self.data, trial, chosen, self.key, clock, progress)
            except module.TrialPruned:
                value = None
        told = study.trials[trial.number]
        return Ended(value, dict(told.intermediate_values), str(told.user_attrs.get(NOTE) or ""))


def search_on_ray(
    trying: Trying,
    study: Any,
    trials: int,
    clock: Clock,
    told: Callable[[int], None],
    say: Callable[[str], None],
) -> bool:
    """Work at trials until there are as many or time is up.

    Args:
        trying: Runs one.
        study: Optuna's.
        trials: How many it is to have.
        clock: When to end.
        told: Is called with the number of each trial that came to an end.
        say: Is told of the cluster.

    Returns:
        Whether Ctrl-C stopped it.

    Raises:
        ClusterError: The cluster went away, or a trial killed whatever ran it; trials that ended are kept.
    """
    ray = connected(trying.threads, say)
    at_once = max(1, int(ray.cluster_resources().get("CPU", 1)) // trying.threads)
    while settled(study) < trials and not clock.is_over:
        round_ = _Round(trying, study, min(at_once, trials - settled(study)), clock.left)
        try:
            round_.run(say)
        except KeyboardInterrupt:
            return True
        finally:
            for number in round_.close():
                told(number)
    return False


class _Round:
    """Trials that run at the same time."""

    def __init__(self, trying: Trying, study: Any, count: int, seconds: float | None) -> None:
        self._trying, self._study = trying, study
        complete = study.get_trials(states=(optuna().trial.TrialState.COMPLETE,))
        self._trials: dict[int, Any] = {}
        self._drawn: list[Drawn] = []
        for _ in range(count):
            trial = study.ask()
            sign(trial)
            self._trials[trial.number] = trial
            chosen = suggested(trial, trying.space)
            self._drawn.append(Drawn(trial.number, chosen, complete, seconds))
        self._ended: dict[int, Ended] = {}

    def run(self, say: Callable[[str], None]) -> None:
        """Run them all.

        Raises:
            RecurraError: One could not be run.
        """
        kept = "Trials that ended are kept: go on with --resume."
        for drawn, ended in spread(self._trying, self._drawn, self._trying.threads, say, kept):
            if isinstance(ended, RecurraError):
                raise ended
            self._ended[drawn.number] = ended

    def close(self) -> list[int]:
        """Tell the study of all that ended, in order, and queue the others again; who ended."""
        states = optuna().trial.TrialState
        for number, trial in self._trials.items():
            ended = self._ended.get(number)
            if ended is None:
                self._study.tell(trial, state=states.FAIL)
                try_again(self._study, self._study.trials[number])
                continue
            for epoch, value in ended.reported.items():
                trial.report(value, epoch)
            if ended.note:
                trial.set_user_attr(NOTE, ended.note)
            if ended.value is None:
                self._study.tell(trial, state=states.PRUNED)
            else:
                self._study.tell(trial, ended.value)
        return sorted(self._ended)

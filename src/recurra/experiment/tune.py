"""The verb that searches for settings: a loop over `fit`, judged by the validation part alone.

The test part is taken away before the first trial, so that nothing is chosen by it.
"""

import dataclasses
import datetime as dt
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch

from recurra.config import Search
from recurra.data.naming import counted
from recurra.errors import ConfigError
from recurra.experiment.attempt import value_of
from recurra.experiment.comparison_plan import plain
from recurra.experiment.fit import fresh_net
from recurra.experiment.judge import versions
from recurra.experiment.run import silent
from recurra.experiment.search_space import defaults_within, for_data, space_of, suggested
from recurra.experiment.study import (
    NOTE,
    Clock,
    importances,
    open_study,
    optuna,
    retry_dead,
    settled,
    sign,
    storage_told,
    try_again,
    without_password,
)
from recurra.experiment.task import Prepared, Task
from recurra.experiment.tune_on_ray import Trying, search_on_ray
from recurra.experiment.tuning import TrialRecord, TuningRecord, check_kept, write_tuning
from recurra.experiment.tuning_page import write_tuning_page
from recurra.experiment.validation import validation_of
from recurra.metrics.metric import Metric, metric
from recurra.report.heading import source_name
from recurra.report.record import MetricRecord
from recurra.training.progress import Progress

LOSS = Metric("valid_loss", "Validation loss", "the loss of the validation part")


class Tuned(NamedTuple):
    """What a search came to.

    Attributes:
        folder: Its folder.
        record: As in `tune.json`, with what is known so far.
        interrupted: Whether Ctrl-C stopped it, so that it can be resumed.
    """

    folder: Path
    record: TuningRecord
    interrupted: bool


class Goal(NamedTuple):
    """What a search goes by: a metric of validation, by its key and as people read it."""

    key: str
    about: Metric

    @property
    def better(self) -> str:
        """Whether a low or a high value is good."""
        return "high" if self.about.better == "high" else "low"


def nothing() -> None:
    """Do nothing."""


def tune(
    task: Task,
    source: Any,
    settings: Mapping[str, Any],
    out: Path,
    *,
    storage: str,
    study: str,
    trials: int = 50,
    seconds: float | None = None,
    only: Sequence[str] | None = None,
    validation: Any = None,
    test: Any = None,
    scale: str = "none",
    show_progress: bool | None = None,
    command: str | None = None,
    tell: Callable[[str], None] = silent,
    opened: Callable[[], None] = nothing,
) -> Tuned:
    """Search for settings that do well on the validation part; other processes may join, and it may go on.

    Args:
        task: The task.
        source: The data, as the task's input reads them.
        settings: Keys of the task's config that are fixed; all others that have a range are searched.
        out: Gets `best.yaml`, `tune.json` and `report.html`.
        storage: URL of the database.
        study: Name in it; where there is such a study, this process works at it too.
        trials: How many the study is to have, those of all processes together.
        seconds: Time for this process; None: until there are as many trials.
        only: The settings to search; None: all that have a range.
        validation: Data to judge on; None: a share of `source`.
        test: Data that are kept from the search, as a share of `source` is; they are not looked at.
        scale: "none": trials run here, one after another; "ray": at once, on a Ray cluster.
        show_progress: Whether to draw bars; None: where stderr is a terminal.
        command: What was typed, for the page.
        tell: Is given each trial's outcome.
        opened: Is called once all was checked and the study is open.

    Raises:
        ConfigError: A setting is wrong, there is no validation part, or the study is about something else.
        DataError: The data cannot be used as they are.
        MissingDependencyError: Optuna is not installed.
        StorageError: The database is locked, gone, or cannot be reached, or lost what `out` tells of.
    """
    data = task.read(source, settings, validation, test)
    usual, prepared = space_of(data.config, settings, only), task.prepare(data)
    space, goal = for_data(usual, prepared.config), goal_of(task, prepared, settings)
    about, seed = _about(task, source, settings, space, goal), int(prepared.config.seed)
    found = open_study(storage, study, about, better=goal.better, seed=seed)
    check_kept(out, len(found.get_trials(deepcopy=False)), without_password(storage))
    opened()
    searching = _Searching(task, data, space, goal, Clock(seconds), show_progress, tell)
    with storage_told(storage):
        if not found.get_trials(deepcopy=False):
            found.enqueue_trial(defaults_within(prepared.config, space))
        interrupted = searching.go_on(found, trials, scale)
        record = _record(task, source, settings, space, goal, found)
    named = {"storage": without_password(storage), "study": study, "command": command}
    return _written(out, record.model_copy(update=named), interrupted=interrupted)


def _written(out: Path, record: TuningRecord, *, interrupted: bool) -> Tuned:
    write_tuning(out, record)
    write_tuning_page(out, record)
    return Tuned(out, record, interrupted)


def _about(
    task: Task, source: Any, settings: Mapping[str, Any], space: Mapping[str, Search], goal: Goal
) -> dict[str, Any]:
    """What a study is about, which all that join it must agree on; the place of the data may differ."""
    return plain({
        "task": task.name,
        "data": source_name(str(source)),
        "settings": plain(settings),
        "space": plain({key: dataclasses.asdict(one) for key, one in space.items()}),
        "metric": goal.key,
    })  # fmt: skip


def goal_of(task: Task, prepared: Prepared, settings: Mapping[str, Any]) -> Goal:
    """What to search by: the metric that `monitor` names, if it was given; else the first score.

    Raises:
        ConfigError: There is no validation part, or validation does not report it.
    """
    validate = validation_of(task, prepared)
    if validate is None:
        raise ConfigError(
            "a search without a validation part",
            "one to judge settings on, since the test part is not looked at",
            "Leave validation_size out, or give --validation DATA.",
        )
    known = {}
    with torch.no_grad():
        reported = validate(fresh_net(task, prepared).eval())
    for key in reported:
        name = key.removeprefix("valid_")
        known[key] = LOSS if name == "loss" else metric(name, task.metrics)
    asked = settings.get("monitor")
    scores = [key for key, one in known.items() if one is not LOSS and one.better in ("low", "high")]
    key = str(asked) if asked is not None else next(iter([*scores, *known]))
    if key not in known:
        raise ConfigError(f"monitor is {key!r}", f"one of {', '.join(known)}", "Change monitor.")
    return Goal(key, known[key])


class _Searching:
    """One process at work on a study."""

    def __init__(
        self,
        task: Task,
        data: Any,
        space: Mapping[str, Search],
        goal: Goal,
        clock: Clock,
        show_progress: bool | None,
        tell: Callable[[str], None],
    ) -> None:
        self._task, self._data, self._space, self._goal = task, data, space, goal
        self._clock, self._show_progress, self._tell = clock, show_progress, tell
        self._number: int | None = None  # of the trial that this process works at

    def go_on(self, study: Any, trials: int, scale: str) -> bool:
        """Work at trials until there are as many or time is up; whether Ctrl-C stopped it."""
        if again := retry_dead(study):
            self._tell(f"{counted(again, 'trial')} of processes that are no more: tried again")
        return self._at_once(study, trials) if scale == "ray" else self._one_by_one(study, trials)

    def _one_by_one(self, study: Any, trials: int) -> bool:
        while settled(study) < trials and not self._clock.is_over:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    study.optimize(self._objective, n_trials=1)
            except KeyboardInterrupt:
                last = study.trials[self._number] if self._number is not None else None
                if last is not None and last.state == optuna().trial.TrialState.FAIL:
                    try_again(study, last)
                return True
            self._say(study)
        return False

    def _objective(self, trial: Any) -> float:
        """The value of a trial; see `recurra.experiment.attempt.value_of`."""
        sign(trial)
        self._number = trial.number
        chosen = suggested(trial, self._space)
        progress = Progress(enabled=self._show_progress, messages=False, hints=False)
        return value_of(self._task, self._data, trial, chosen, self._goal.key, self._clock, progress)

    def _at_once(self, study: Any, trials: int) -> bool:
        direction = "minimize" if self._goal.better == "low" else "maximize"
        threads = torch.get_num_threads()
        trying = Trying(self._task, self._data, self._space, self._goal.key, direction, threads)

        def told(number: int) -> None:
            self._number = number
            self._say(study)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return search_on_ray(trying, study, trials, self._clock, told, self._tell)

    def _say(self, study: Any) -> None:
        if self._number is None:
            return
        last = study.trials[self._number]
        state = last.state.name.lower()
        shown = "" if last.value is None else f", {self._goal.key} {last.value:.4g}"
        note = f" ({last.user_attrs[NOTE]})" if last.user_attrs.get(NOTE) else ""
        self._tell(f"trial {last.number}: {state}{shown}{note}")


def _record(
    task: Task,
    source: Any,
    settings: Mapping[str, Any],
    space: Mapping[str, Search],
    goal: Goal,
    study: Any,
) -> TuningRecord:
    every = study.get_trials(deepcopy=False)
    states = optuna().trial.TrialState
    complete = [one for one in every if one.state == states.COMPLETE]
    sign_of = 1 if goal.better == "low" else -1
    best = min(complete, key=lambda one: sign_of * one.value) if complete else None
    chosen = {} if best is None else {**plain(settings), **best.params}
    return TuningRecord(
        task=task.name,
        data=str(source),
        metric=MetricRecord.of(goal.about).model_copy(update={"name": goal.key}),
        better=cast("Any", goal.better),
        trials=[_trial_record(one) for one in every],
        best=None if best is None else best.number,
        settings=chosen,
        importances=importances(study),
        space={key: range_text(one) for key, one in space.items()},
        finished=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        versions={**versions(), "optuna": optuna().__version__},
    )


def _trial_record(trial: Any) -> TrialRecord:
    values = trial.intermediate_values
    names = {"fail": "failed"}
    state = trial.state.name.lower()
    last = values[max(values)] if values else None
    return TrialRecord(
        number=trial.number,
        state=names.get(state, state),
        value=trial.value if trial.value is not None else last,
        params=dict(trial.params),
        epochs=len(values),
        seconds=None if trial.duration is None else trial.duration.total_seconds(),
        note=str(trial.user_attrs.get(NOTE) or ""),
    )


def range_text(search: Search) -> str:
    """Where a search looks, in words."""
    if search.choices:
        return ", ".join(map(str, search.choices))
    return f"{search.low:g} to {search.high:g}{', logarithmic' if search.log else ''}"

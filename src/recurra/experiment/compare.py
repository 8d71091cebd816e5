"""The verb that compares nets on the same data: a loop over `train` that may end at any time and go on.

Every net is trained from every seed in a run folder of its own, whole or to be gone on with, that all other
verbs take as well.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recurra.data.naming import counted
from recurra.errors import ConfigError, NonFiniteError
from recurra.experiment.artifact import load_fitted
from recurra.experiment.budget import Budget, Deadline
from recurra.experiment.comparison import (
    ComparisonRecord,
    ContestantRecord,
    RunRecord,
    read_measured,
    write_comparison,
    write_measured,
)
from recurra.experiment.comparison_page import write_comparison_page
from recurra.experiment.comparison_plan import (
    Contestant,
    Plan,
    check_new,
    check_same,
    make_plan,
    prepared_with,
    read_plan,
    shared_settings,
    write_plan,
)
from recurra.experiment.contestant import USUAL
from recurra.experiment.judge import SUBJECT, versions
from recurra.experiment.measurement import measured, sequence_seconds, step_seconds
from recurra.experiment.run import silent, train
from recurra.experiment.run_folder import CONFIG
from recurra.experiment.task import Prepared, Task
from recurra.files import MANIFEST
from recurra.report.history import read_course
from recurra.report.record import MetricsRecord, read_metrics


class Compared(NamedTuple):
    """What a comparison came to.

    Attributes:
        folder: Its folder.
        record: As in `compare.json`; None where Ctrl-C stopped it, so that it can be resumed.
    """

    folder: Path
    record: ComparisonRecord | None


def compare(
    task: Task,
    source: Any,
    settings: Mapping[str, Any],
    out: Path,
    *,
    models: Sequence[str] = USUAL,
    seeds: int = 3,
    budget: Budget = Budget(),  # noqa: B008 - a tuple
    validation: Any = None,
    test: Any = None,
    resume: bool = False,
    show_progress: bool | None = None,
    command: str | None = None,
    tell: Callable[[str], None] = silent,
) -> Compared:
    """Train nets on the same data with the same parts and budget, and tell how they and their seeds differ.

    Args:
        task: The task.
        source: The data, as the task's input reads them.
        settings: Keys of the task's config that all nets share; `seed` is the first of the seeds.
        out: The folder of the comparison.
        models: Names of nets: cells, "bi" and a cell, feed_forward, convolutional. Those that the task or the
            data do not allow are left out, with a note.
        seeds: How many seeds each is trained from; resumed, there may be more.
        budget: Time to train or number of parameters of each; neither: as many epochs as the settings say.
        validation: Data that choose the best epoch; None: a share of `source`.
        test: Data that all are scored on; None: a share of `source`.
        resume: Go on with the comparison in the folder.
        show_progress: Whether to draw bars; None: where stderr is a terminal.
        command: What was typed, for the page.
        tell: Is given what was found and what is trained, a sentence at a time.

    Raises:
        ConfigError: A setting or name is wrong, the budget is too small, or the folder is another's.
        DataError: The data cannot be used as they are.
        OutOfMemoryError: The memory does not suffice for these sizes.
    """
    if seeds < 1:
        raise ConfigError(f"{seeds} seeds", "1 or more", "Raise --seeds.")
    shared = shared_settings(task, settings)
    before = _resumed(out, models, seeds, budget, settings) if resume else None
    if before is None:
        check_new(out)
    data = task.read(source, shared, validation, test)
    sources = {"data": source, "validation": validation, "test": test}
    plan = before or make_plan(task, data, models, settings, sources, seeds=seeds, budget=budget, tell=tell)
    write_plan(out, plan)
    again = {"validation": validation, "test": test, "show_progress": show_progress}
    entered = [_Entered(task, data, shared, one, out) for one in plan.contestants]
    nets = _run_all(entered, plan, source, budget, again, tell)
    if nets is None:
        return Compared(out, None)
    record = _record(plan, nets, out, budget, command)
    write_comparison(out, record)
    write_comparison_page(out, record, plan.given)
    return Compared(out, record)


def _resumed(
    out: Path, models: Sequence[str], seeds: int, budget: Budget, settings: Mapping[str, Any]
) -> Plan:
    """The plan of the comparison that goes on, perhaps with more seeds."""
    plan = read_plan(out)
    check_same(plan, models, seeds, budget, settings)
    return dataclasses.replace(plan, seeds=seeds)


def _run_all(
    entered: Sequence["_Entered"],
    plan: Plan,
    source: Any,
    budget: Budget,
    again: Mapping[str, Any],
    tell: Callable[[str], None],
) -> list[ContestantRecord] | None:
    """Train what is not trained yet, net by net and seed by seed; None: Ctrl-C stopped it."""
    first = int(plan.given.get("seed", 0))
    nets: list[ContestantRecord] = []
    for one in entered:
        about, runs = one.contestant, []
        for seed in range(first, first + plan.seeds):
            if read_measured(one.folder(seed)) is None:
                number = len(nets) * plan.seeds + seed - first + 1
                tell(
                    f"run {number} of {len(entered) * plan.seeds}: {about.label}, "
                    f"{counted(about.hidden_size, 'hidden unit')}, {counted(about.max_epochs, 'epoch')}, "
                    f"seed {seed}"
                )
            run = one.run(source, seed, budget, again)
            if run is None:
                return None
            if run.failed:
                tell(f"{about.label}, seed {seed}: {run.failed}")
            runs.append(run)
        own = {key: value for key, value in vars(about).items() if key != "settings"}
        nets.append(ContestantRecord(**own, runs=runs))
    return nets


class _Entered:
    """A net in a comparison: its runs, and what was prepared for it once one of them needs it."""

    def __init__(
        self, task: Task, data: Any, shared: Mapping[str, Any], contestant: Contestant, out: Path
    ) -> None:
        self._task, self._data, self.contestant, self._out = task, data, contestant, out
        self._settings = {**shared, **contestant.settings}
        self._prepared: Prepared | None = None

    def folder(self, seed: int) -> Path:
        """Where a run is."""
        return self._out / f"{self.contestant.name}-seed{seed}"

    def run(self, source: Any, seed: int, budget: Budget, again: Mapping[str, Any]) -> RunRecord | None:
        """Train from a seed, go on with it, or tell what it came to before; None: Ctrl-C stopped it."""
        folder = self.folder(seed)
        known = read_measured(folder)
        if known is not None:
            return known
        if not (folder / MANIFEST).exists():
            limits = [] if budget.seconds is None else [Deadline(budget.seconds, folder)]
            settings = {**self._settings, "seed": seed}
            begun = (folder / CONFIG).exists()
            try:
                summary = train(self._task, source, settings, folder, resume=begun, callbacks=limits, **again)
            except NonFiniteError as error:
                failed = RunRecord(seed=seed, folder=folder.name, failed=f"diverged: {error.got}")
                write_measured(folder, failed)
                return failed
            if summary.interrupted:
                return None
        record = self._measure(folder, seed)
        write_measured(folder, record)
        return record

    def _measure(self, folder: Path, seed: int) -> RunRecord:
        if self._prepared is None:
            self._prepared = prepared_with(self._task, self._data, self.contestant.settings)[1]
        task, prepared = self._task, self._prepared
        fitted, course, metrics = load_fitted(task, folder), read_course(folder), read_metrics(folder)
        subject = next(one for one in metrics.models if one.name == SUBJECT)
        config = fitted.config
        best = course.best_epoch(config.monitor, config.monitor_mode)
        return RunRecord(
            seed=seed,
            folder=folder.name,
            scores=subject.scores,
            seconds=course.seconds,
            epochs=len(course.epochs),
            best_epoch=None if best is None else best + 1,
            parameters=subject.parameters,
            step_seconds=step_seconds(folder),
            sequence_seconds=sequence_seconds(task, fitted, prepared),
            measured=dict(measured(task, fitted, prepared)),
        )


def _record(
    plan: Plan, nets: Sequence[ContestantRecord], out: Path, budget: Budget, command: str | None
) -> ComparisonRecord:
    """The record of all runs, with the words and baselines of the first that came to an end."""
    metrics = _first_metrics(nets, out)
    return ComparisonRecord(
        task=plan.task,
        data=metrics.title or plan.data,
        judged=metrics.judged,
        budget=budget.text,
        seeds=plan.seeds,
        metrics=metrics.metrics,
        models=list(nets),
        baselines=[one for one in metrics.models if one.kind in ("naive", "linear")],
        notes=plan.notes,
        command=command,
        finished=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )


def _first_metrics(nets: Sequence[ContestantRecord], out: Path) -> MetricsRecord:
    for net in nets:
        for run in net.runs:
            if not run.failed:
                return read_metrics(out / run.folder)
    raise NonFiniteError(
        "every net diverged", "one at least that trains", "Lower learning_rate, or look at the data."
    )

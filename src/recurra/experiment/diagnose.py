"""The verb `diagnose`: what is wrong with the net of a run, and what helps."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recurra.config import validated
from recurra.diagnosis import Finding, Limits, Measurements, TrainingHealth, findings, measure, overall
from recurra.diagnosis import training_health as health_of
from recurra.errors import ConfigError, DataError
from recurra.experiment.artifact import load_fitted, read_model_document
from recurra.experiment.diagnosis_section import sections_of
from recurra.experiment.ended import check_is_one
from recurra.experiment.fit import fresh_net
from recurra.experiment.refit import whole_settings
from recurra.experiment.run_folder import begun, check_run
from recurra.experiment.task import Prepared, Task
from recurra.files import MANIFEST, parse_json, read_bytes, write_document
from recurra.report.history import HISTORY_FILE, read_course
from recurra.report.page import DIAGNOSIS_FILE, write_report
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics
from recurra.training.contract import Batch

VERSION = 1
_ROUNDING = 1e-4
_MOST_BATCHES = 16


@dataclass(frozen=True)
class Diagnosis:
    """What was found of a run.

    Attributes:
        task: Name of the task.
        run: The run folder.
        data: What it was trained on, as it was named, or where that is now.
        began: What the run began with, as its `config.yaml` has it.
        findings: The verdicts.
        measured: Of its net; None where training broke off.
        health: Of its training.
        warnings: What the monitor said while it trained, in order: epoch, step, what, message.
        metrics: The scores; None where there are none.
    """

    task: str
    run: Path
    data: Any
    began: Mapping[str, Any]
    findings: tuple[Finding, ...]
    measured: Measurements | None
    health: TrainingHealth
    warnings: tuple[Mapping[str, Any], ...]
    metrics: MetricsRecord | None

    @property
    def verdict(self) -> str:
        """The faults, or "healthy"."""
        return overall(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "run": str(self.run),
            "task": self.task,
            "verdict": self.verdict,
            "findings": [one.to_dict() for one in self.findings],
            "warnings": [dict(one) for one in self.warnings],
            "training": self.health.to_dict(),
            "net": None if self.measured is None else self.measured.to_dict(),
        }


def diagnose(
    task: Task,
    run: Path,
    source: Any = None,
    *,
    limits: Limits = Limits(),  # noqa: B008
) -> Diagnosis:
    """Measure the net of a run on some of its data, and say what that means.

    A run that broke off is judged by its history, one whose loss broke by the net that it began with, too.

    Args:
        task: The task of the run.
        run: The run folder.
        source: The data that it was trained on, where they have moved; None: where they were.
        limits: How much is looked at.

    Raises:
        ConfigError: It is no run, or its net has no recurrence.
        DamagedError: A file of the run is missing, truncated or altered.
        DataError: The data are gone, or are not those of the training.
        NonFiniteError: Weights of the net are no numbers.
    """
    check_is_one(run)
    began = begun(run, overwrite=False)
    ended = (run / MANIFEST).exists()
    if ended:
        check_run(run)
    elif not (run / HISTORY_FILE).exists():
        raise ConfigError(f"{run} holds a run that never trained", "a trained one", "Begin it again.")
    data = began["data"] if source is None else source
    prepared = prepared_again(task, data, began, moved=source is None)
    course = read_course(run)
    health, warnings = health_of(course.steps, course.epochs), _warnings(run)
    measured = before = None
    config = prepared.config
    if ended:
        fitted = load_fitted(task, run)
        config = fitted.config
        _check_same_data(run, prepared, data)
        objective = task.objective(fitted.config, fitted.schema)
        first, *more = _batches(prepared, limits)
        measured = measure(fitted.model, first, objective, limits=limits, further=more)
    elif any(one["what"] == "diverging" for one in warnings):
        health = replace(health, not_finite=health.not_finite + 1)
        objective = task.objective(config, prepared.schema)
        before = measure(fresh_net(task, prepared), _batches(prepared, limits)[0], objective, limits=limits)
    found = findings(measured or before, health, config.model_dump())
    return Diagnosis(
        task.name,
        run,
        data,
        began,
        tuple(_with_valid_remedies(one, config) for one in found),
        measured,
        health,
        warnings,
        read_metrics(run) if ended and (run / METRICS_FILE).exists() else None,
    )


def write_diagnosis(diagnosis: Diagnosis, before: Diagnosis | None = None) -> None:
    """Keep a diagnosis in its run folder as `diagnosis.json`, and write the report again, which shows it.

    Args:
        diagnosis: What to keep.
        before: That of the run whose faults this one was to cure.

    Raises:
        StorageError: The folder cannot be written.
    """
    sections = [one.model_dump() for one in sections_of(diagnosis, before)]
    document = {**diagnosis.to_dict(), "sections": sections}
    if before is not None:
        document["before"] = before.to_dict()
    write_document(diagnosis.run / DIAGNOSIS_FILE, document, version=VERSION)
    write_report(diagnosis.run)


def prepared_again(task: Task, data: Any, began: Mapping[str, Any], *, moved: bool) -> Prepared:
    """What a run was trained on, read and prepared again.

    Args:
        task: The task.
        data: Where the data are.
        began: What the run began with; see `recurra.experiment.run_folder.begun`.
        moved: Whether they may have moved, and an error should say what to do then.

    Raises:
        DataError: The data are gone, or cannot be used.
    """
    try:
        read = task.read(data, began.get("given", {}), began.get("validation"), began.get("test"))
    except DataError as error:
        if not moved:
            raise
        remedy = f"If the data have moved, say where they are: --data DATA. {error.remedy}"
        raise DataError(error.got, error.expected, remedy) from error
    prepared = task.prepare(read)
    if prepared.config.refit and task.whole is not None:
        return task.whole(read, prepared, whole_settings(prepared.config, 1))
    return prepared


def _check_same_data(run: Path, prepared: Prepared, data: Any) -> None:
    """Make sure that what is learnt of the data without gradients is what was learnt for the run."""
    again = json.loads(json.dumps(prepared.schema.to_dict()))
    if not _alike(again, read_model_document(run).get("schema")):
        raise DataError(
            f"{data} is not what {run} was trained on",
            "the same rows",
            "Give the data of the training with --data DATA.",
        )


def _alike(one: Any, other: Any) -> bool:
    """Whether two documents say the same; sums of numbers differ in their last bits with the threads."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    return bool(one == other)


def _batches(prepared: Prepared, limits: Limits) -> list[Batch]:
    """Some batches of the validation part, else of what was trained on.

    Batches often come by length, so the last one that is whole comes first; others are kept until they have
    as many rows as are looked at, so that large data need no more memory.
    """
    if prepared.validation is None:
        number = min(len(prepared.source), _MOST_BATCHES)
        return [prepared.source.batch(0, index) for index in range(number)]
    whole: Batch | None = None
    others: list[Batch] = []
    for batch in prepared.batches(prepared.validation):
        whole, other = (batch, whole) if whole is None or len(batch) >= len(whole) else (whole, batch)
        if other is not None and sum(map(len, others)) < limits.evidence:
            others.append(other)
    return [prepared.source.batch(0, 0)] if whole is None else [whole, *others]


def _with_valid_remedies(finding: Finding, config: Any) -> Finding:
    """A finding without the remedies that the settings as a whole do not take."""

    def valid(change: Mapping[str, Any]) -> bool:
        try:
            validated(type(config), {**config.model_dump(), **change})
        except ConfigError:
            return False
        return True

    return replace(finding, remedies=tuple(one for one in finding.remedies if valid(one.change)))


def _warnings(run: Path) -> tuple[Mapping[str, Any], ...]:
    lines = [parse_json(line) for line in read_bytes(run / HISTORY_FILE).splitlines()]
    return tuple(one for one in lines if one.get("kind") == "warning")

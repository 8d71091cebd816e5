"""The scores of a run as its report reads them, from what models said and the words of the task."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from recurra.experiment.task import Description, Groups, Rival, Task
from recurra.metrics.metric import metric
from recurra.report.record import DataRecord, MetricRecord, MetricsRecord, ModelRecord


class ScoredRecord(MetricsRecord):
    """A record that was just made, which also comes as a frame."""

    def to_frame(self) -> pl.DataFrame:
        """A row for each model: name, label, kind and every score."""
        return pl.DataFrame([
            {"model": one.name, "label": one.label, "kind": one.kind, **one.scores} for one in self.models
        ])  # fmt: skip


def metrics_record(
    task: Task,
    rivals: Sequence[Rival],
    scores: Mapping[str, Mapping[str, float]],
    description: Description,
    *,
    groups: Mapping[str, Groups],
    repairs: Sequence[str],
    held_out: bool,
    command: str | None,
    seed: int,
    finished: str,
    versions: Mapping[str, str],
) -> ScoredRecord:
    """The record of what some models scored; the first is the one that a run is about.

    Args:
        task: The task.
        rivals: The models.
        scores: Model -> metric -> score.
        description: Words about data and protocol.
        groups: Model -> its scores by class, tag or the like.
        repairs: What was put right in the data.
        held_out: Whether what was judged is the part that the run kept for it.
        command: What to type to get the run again.
        seed: Of all random numbers.
        finished: When, in ISO 8601.
        versions: Package -> version.
    """
    first = next(iter(groups.values()), None)
    is_missing = task.reference not in {"", *(rival.name for rival in rivals)}
    tiles, remarks = task.highlights(scores[rivals[0].name])
    return ScoredRecord(
        task=task.name,
        metrics=_metrics(task, scores, rivals[0].name),
        models=[_model(rival, scores[rival.name]) for rival in rivals],
        subject=rivals[0].name,
        reference="" if is_missing else task.reference,
        title=description.title,
        judged=f"{description.judged} in the test part" if held_out else description.judged,
        group="" if first is None else first.noun,
        group_metrics=[] if first is None else _described(task, first.metrics),
        per_group={name: _rows(own) for name, own in groups.items()},
        tiles=list(tiles),
        remarks=[*([_missing(task)] if is_missing else []), *remarks],
        notes=list(description.notes),
        data=DataRecord(
            source=description.source,
            target=description.target,
            rows=description.rows,
            facts=list(description.facts),
            repairs=list(repairs),
        ),
        seed=seed,
        command=command,
        finished=finished,
        versions=dict(versions),
    )


def _missing(task: Task) -> str:
    return (
        f"The reference of this task, {task.reference!r}, is not among the models, as none was kept with "
        "the net; a verdict against it may be another."
    )


def _metrics(task: Task, scores: Mapping[str, Mapping[str, float]], subject: str) -> list[MetricRecord]:
    """Those that are defined for any model."""
    names = task.columns or list(scores[subject])
    shown = [name for name in names if any(np.isfinite(own.get(name, np.nan)) for own in scores.values())]
    return _described(task, shown or names)


def _described(task: Task, names: Sequence[str]) -> list[MetricRecord]:
    return [MetricRecord.of(metric(name, task.metrics)) for name in names]


def _model(rival: Rival, scores: Mapping[str, float]) -> ModelRecord:
    return ModelRecord(
        name=rival.name,
        label=rival.label,
        kind=rival.kind,
        scores={name: float(value) for name, value in scores.items()},
        seconds=rival.seconds,
        parameters=rival.parameters,
    )


def _rows(groups: Groups) -> list[dict[str, Any]]:
    return [{"group": name, **scores} for name, scores in groups.scores.items()]

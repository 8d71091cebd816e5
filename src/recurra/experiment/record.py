"""The scores of a run as its report reads them, from what models said and the words of the task."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.experiment.task import Description, Groups, Rival, Task
from recurra.metrics.metric import metric
from recurra.report.record import DataRecord, MetricRecord, MetricsRecord, ModelRecord


def metrics_record(
    task: Task,
    rivals: Sequence[Rival],
    scores: Mapping[str, Mapping[str, float]],
    description: Description,
    *,
    groups: Mapping[str, Groups],
    repairs: Sequence[str],
    command: str | None,
    seed: int,
    finished: str,
    versions: Mapping[str, str],
) -> MetricsRecord:
    """The record of what some models scored; the first is the one that a run is about.

    Args:
        task: The task.
        rivals: The models.
        scores: Model -> metric -> score.
        description: Words about data and protocol.
        groups: Model -> its scores by class, tag or the like.
        repairs: What was put right in the data.
        command: What to type to get the run again.
        seed: Of all random numbers.
        finished: When, in ISO 8601.
        versions: Package -> version.
    """
    first = next(iter(groups.values()), None)
    tiles, remarks = task.highlights(scores[rivals[0].name])
    return MetricsRecord(
        task=task.name,
        metrics=_metrics(task.columns or list(scores[rivals[0].name]), scores),
        models=[_model(rival, scores[rival.name]) for rival in rivals],
        subject=rivals[0].name,
        reference=task.reference if any(rival.name == task.reference for rival in rivals) else "",
        title=description.title,
        judged=description.judged,
        group="" if first is None else first.noun,
        group_metrics=[] if first is None else [MetricRecord.of(metric(name)) for name in first.metrics],
        per_group={name: _rows(own) for name, own in groups.items()},
        tiles=list(tiles),
        remarks=list(remarks),
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


def _metrics(names: Sequence[str], scores: Mapping[str, Mapping[str, float]]) -> list[MetricRecord]:
    """Those that are defined for any model."""
    shown = [name for name in names if any(np.isfinite(own.get(name, np.nan)) for own in scores.values())]
    return [MetricRecord.of(metric(name)) for name in shown or names]


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
